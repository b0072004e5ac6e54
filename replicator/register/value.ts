// The register's value as text. Another host wrote it, perhaps another version: parsed whole, or not taken at all.
import { z } from 'zod'
import type { PairRecord, RegisterValue } from './record.ts'

const origin = z.enum(['a', 'b'])
const text = z.string().min(1).max(200)
const reign = z.strictObject({ name: origin, incarnation: text, since: z.int().min(0), pinned: z.boolean() })

export const recordSchema = z.strictObject({
  lineage: text,
  epoch: z.int().min(1),
  members: z
    .array(z.strictObject({ name: origin, store: text }))
    .min(1)
    .max(2)
    .readonly(),
  primaries: z.strictObject({ s0: reign, s1: reign }),
  by: z.strictObject({ name: origin, incarnation: text }),
  why: z.enum([
    'first boot',
    'restart',
    'recover',
    'solo',
    'takeover',
    'add',
    'handover',
    'leave',
    'forced',
    'rebuilt',
    'restored',
  ]),
}) satisfies z.ZodType<PairRecord>

export const registerValueSchema = z.strictObject({
  record: recordSchema,
  boots: z.partialRecord(origin, text),
}) satisfies z.ZodType<RegisterValue>

/** Throws with the reason. */
export function parseRegisterValue(text: string): RegisterValue {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Error('the register holds a value that is not JSON')
  }
  const parsed = registerValueSchema.safeParse(json)
  if (!parsed.success)
    throw new Error(`the register holds a value that does not parse: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
