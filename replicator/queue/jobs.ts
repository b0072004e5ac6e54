// What travels as a job: an entry, a probe of the peer's queue, or a beat in the own queue for the watchdog. Pure.
import { z } from 'zod'
import { type OriginName, peerOf, type ShardName } from '../../router/words.ts'
import type { EntryJob } from './lane.ts'

/** Job ids may not contain a colon (BullMQ 6), and are read by people on the dashboard. */
const SHORT_INCARNATION = 8
/** Beats that are waiting at most, as their ids repeat: a worker that takes none must not fill its queue. */
const BEATS = 8

export type JobForm = { readonly name: string; readonly id: string; readonly data: object }

const plain = (text: string): string => text.replace(/[^A-Za-z0-9_-]/g, '-')

export const entryId = (job: EntryJob): string =>
  `${job.shard}-${job.epoch}-${job.index}-${plain(job.incarnation).slice(-SHORT_INCARNATION)}`

/** Bytes go as base64: Redis would take them as they are, but BullMQ's job data is JSON, in which latin1 grows more. */
export const entryForm = (job: EntryJob): JobForm => ({
  name: 'entry',
  id: entryId(job),
  data: {
    shard: job.shard,
    epoch: job.epoch,
    index: job.index,
    incarnation: job.incarnation,
    size: job.bytes.length,
    entry: Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.byteLength).toString('base64'),
  },
})

export const probeForm = (nonce: string): JobForm => ({ name: 'probe', id: `probe-${plain(nonce)}`, data: { nonce } })

export const beatForm = (incarnation: string, beat: number): JobForm => ({
  name: 'beat',
  id: `beat-${plain(incarnation).slice(-SHORT_INCARNATION)}-${beat % BEATS}`,
  data: {},
})

/** What a job of a catch-up shows: whose it is, and the entries that it is about. */
export const shownData = (
  { shard, from, to }: { readonly shard: ShardName; readonly from: number; readonly to: number },
  epoch: number,
  origin: OriginName,
): Readonly<Record<string, string | number>> => ({
  shard,
  epoch,
  indexes: `${from + 1} to ${to}`,
  origin,
  to: peerOf(origin),
})

/** An id for work that is shown: `id` is the caller's, the incarnation keeps two lives of a process apart. */
export const shownId = (incarnation: string, id: string): string =>
  `shown-${plain(incarnation).slice(-SHORT_INCARNATION)}-${plain(id)}`

export type Arrived =
  | { readonly kind: 'entry'; readonly job: EntryJob }
  | { readonly kind: 'probe'; readonly nonce: string }
  | { readonly kind: 'beat' }
  | { readonly kind: 'malformed'; readonly why: string }

const entrySchema = z.object({
  shard: z.enum(['s0', 's1']),
  epoch: z.int().min(0),
  index: z.int().min(1),
  incarnation: z.string().min(1).max(200),
  size: z.int().min(0),
  entry: z.string(),
})
const probeSchema = z.object({ nonce: z.string().min(1).max(200) })

/** Anyone with access to Redis may have made the job: it is parsed whole, or is malformed. */
export function parseJob(name: string, data: unknown): Arrived {
  if (name === 'beat') return { kind: 'beat' }
  if (name === 'probe') {
    const probe = probeSchema.safeParse(data)
    return probe.success ? { kind: 'probe', nonce: probe.data.nonce } : malformed(z.prettifyError(probe.error))
  }
  if (name !== 'entry') return malformed(`unknown name ${name.slice(0, 100)}`)
  const parsed = entrySchema.safeParse(data)
  if (!parsed.success) return malformed(z.prettifyError(parsed.error))
  const { shard, epoch, index, incarnation, size, entry } = parsed.data
  const bytes = Buffer.from(entry, 'base64')
  if (bytes.length !== size) return malformed(`the entry has ${bytes.length} bytes, it should have ${size}`)
  return { kind: 'entry', job: { shard, epoch, index, incarnation, bytes } }
}

const malformed = (why: string): Arrived => ({ kind: 'malformed', why })
