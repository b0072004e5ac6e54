// One copy of a shard as it is compared with the other: ranges of keys by one hash, then by a hash a row, then rows by name.
import { z } from 'zod'
import { HASH_HEX_CHARS } from '../../replicator/entry/position.ts'

/** Rows of one hash: a comparison that finds nothing asks this seldom. */
export const RANGE_ROWS = 20_000
/** Rows of a range that is looked into: their keys and hashes travel. */
export const LIST_ROWS = 1000
/** A copy may hold more rows in a range than the other: beyond this the rest is not listed. */
export const LIST_ROWS_MAX = 4 * LIST_ROWS
/** Rows that are asked for by name at once. */
export const LOOK_KEYS_MAX = 1000

const count = z.int().min(0)
const key = z.string().max(2048)
const hash = z.string().length(HASH_HEX_CHARS)
const tableName = z.enum(['documents', 'records'])
export const TABLES = tableName.options
export type Table = z.output<typeof tableName>

const range = z.strictObject({
  table: tableName,
  /** keys greater than this; '' is before all */
  after: key,
  /** keys up to and including this; null is the end */
  until: key.nullable(),
  rowsMax: count,
})
export type Range = z.output<typeof range>

/** What can be asked of a copy, here or over the private network. */
export const question = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sum'), ...range.shape }),
  z.strictObject({ kind: z.literal('list'), ...range.shape }),
  z.strictObject({ kind: z.literal('look'), table: tableName, keys: z.array(key).max(LOOK_KEYS_MAX) }),
  z.strictObject({ kind: z.literal('count') }),
])
export type Question = z.output<typeof question>

/** `at`: last index of the log in the moment of the answer. */
export const answer = z.discriminatedUnion('kind', [
  /** `end`: the last key where `rowsMax` cut the range short, else null */
  z.object({ kind: z.literal('sum'), at: count, rows: count, sha256: z.string().length(64), end: key.nullable() }),
  z.object({ kind: z.literal('list'), at: count, rows: z.array(z.tuple([key, hash])) }),
  z.object({ kind: z.literal('look'), at: count, hashes: z.array(hash.nullable()) }),
  z.object({ kind: z.literal('count'), at: count, documents: count, records: count }),
])
export type Answer = z.output<typeof answer>
export type AnswerTo<K extends Question['kind']> = Extract<Answer, { kind: K }>

/** Asks one copy of one shard. Rejects where it cannot answer. */
export type Ask = (question: Question) => Promise<Answer>

export async function asked<K extends Question['kind']>(
  ask: Ask,
  question: Extract<Question, { kind: K }>,
): Promise<AnswerTo<K>> {
  const answer = await ask(question)
  if (isTo(answer, question.kind)) return answer
  throw new Error(`a copy answered ${answer.kind} to ${question.kind}`)
}

const isTo = <K extends Question['kind']>(answer: Answer, kind: K): answer is AnswerTo<K> => answer.kind === kind
