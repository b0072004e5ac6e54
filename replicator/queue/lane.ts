// The port to the queue lane: BullMQ jobs through the Redis that Sentinel manages. It may lose, repeat or reorder
// anything at any time (invariant: only a moment is lost with it).
import type { OriginName, ShardName } from '../../router/words.ts'

export type EntryJob = {
  readonly shard: ShardName
  readonly epoch: number
  readonly index: number
  /** the sender's process: a standby takes entries of its primary's incarnation only */
  readonly incarnation: string
  readonly bytes: Uint8Array
}

export type QueueHandlers = {
  /** takes it to the ordered receiver, and the job is done; that an entry is durable here is said over the link alone */
  readonly onEntry: (job: EntryJob) => void
  /** the peer's probe came through: tell it so over the link */
  readonly onProbe: (nonce: string) => void
  /** an `add` or `probe` of ours failed or had no answer within its deadline */
  readonly onTrouble: (why: string) => void
}

export type RedisNode = { readonly address: string; readonly role: 'master' | 'replica'; readonly state: string }

export type QueueStatus = {
  /** host:port of the master that the client is connected to, or null */
  readonly master: string | null
  readonly replicas: number
  /** the master, and its replicas as it sees them */
  readonly nodes: readonly RedisNode[]
  /** that the Sentinels know of, themselves included */
  readonly sentinels: number
  /** of those that this origin asks: how many answer */
  readonly answering: { readonly sentinels: number; readonly of: number }
  /** Sentinels that must agree that the master is down; null where none answers */
  readonly quorum: number | null
  readonly maxmemoryPolicy: string | null
  readonly workerIdleMs: number
  readonly rebuilds: number
}

export interface QueueLane {
  /** Hands an entry to the peer's queue; never throws, never waits, bounded in flight (the excess is trouble). */
  add(job: EntryJob): void
  /** A job that carries nothing, to find out whether the queue answers. */
  probe(nonce: string): void
  /** Shows work such as a rejoin as a job with progress; best effort, never throws. */
  show(name: string, id: string, data: Readonly<Record<string, string | number>>, progress: number, done: boolean): void
  status(): QueueStatus
  readonly peer: OriginName
  close(): Promise<void>
}
