// What an origin knows of the pair without any register: from its disk, or from the record that it serves by.
import { z } from 'zod'
import type { OriginName } from '../../router/words.ts'
import type { PairRecord } from './record.ts'
import { recordSchema } from './value.ts'

export type Knowledge = {
  readonly name: OriginName
  readonly store: string
  readonly lineage: string | null
  readonly incarnation: string
  /** the newest record that it ever took for decided */
  readonly record: PairRecord | null
  /** highest epoch that it ever knew of, its own proposals included: one of those may have been decided and shown */
  readonly epochMax: number
  /** highest ballot counter that it ever used or met */
  readonly ballotCounter: number
}

const text = z.string().min(1).max(200)

/** As one origin tells the other over the private network. */
export const knowledgeSchema = z.object({
  name: z.enum(['a', 'b']),
  store: text,
  lineage: text.nullable(),
  incarnation: text,
  record: recordSchema.nullable(),
  epochMax: z.int().min(0),
  ballotCounter: z.int().min(0),
}) satisfies z.ZodType<Knowledge>
