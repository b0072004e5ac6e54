// What goes into the decisions and what comes out of them. No I/O: the host of a Pair acts on effects, in order,
// and tells it what happened. Time (monotonic milliseconds) and chance are inputs.
import type { OriginName, ShardName } from '../../router/words.ts'
import type { Position } from '../entry/position.ts'
import type { Identity } from '../identity.ts'
import type { AcceptorName, AcceptorReply, AcceptorRequest } from '../register/acceptor.ts'
import type { Knowledge } from '../register/knowledge.ts'
import type { LoggedEntry } from '../store/shardstore.ts'
import type { LinkMessage } from './messages.ts'

export type Lane = 'queue' | 'direct'

export type SnapshotOffer = { readonly position: Position; readonly bytes: number; readonly sha256: string }

export type OperatorCommand =
  | { readonly kind: 'handover'; readonly shard: ShardName }
  | { readonly kind: 'drain' }
  | { readonly kind: 'ready' }
  /** give up membership and be reseeded */
  | { readonly kind: 'resync' }
  /** become the only member without being one: a person says that the other origin is off, and takes the loss */
  | { readonly kind: 'forcePrimary' }
  /** give empty registers a value again, from what both origins know; null: a person says that the other one is off */
  | { readonly kind: 'rebuildRegisters'; readonly peer: Knowledge | null }
  /** hand everything over for good: this process is about to exit */
  | { readonly kind: 'leave' }

export type Event =
  | { readonly type: 'tick' }
  /** a read waits for a beat that is granted after it was judged (TANDEM_READS=confirm) */
  | { readonly type: 'beatNow' }
  /** a view with the cluster's signature */
  | { readonly type: 'shown'; readonly lineage: string; readonly epoch: number }
  | { readonly type: 'linkUp'; readonly session: string }
  | { readonly type: 'linkDown'; readonly session: string; readonly why: string }
  | { readonly type: 'message'; readonly session: string; readonly message: LinkMessage }
  /** an entry from the queue lane (`session` null) or from the direct lane */
  | {
      readonly type: 'entry'
      readonly session: string | null
      readonly shard: ShardName
      readonly incarnation: string
      readonly epoch: number
      readonly index: number
      readonly bytes: Uint8Array
    }
  | { readonly type: 'probe'; readonly nonce: string }
  | { readonly type: 'queueTrouble'; readonly why: string }
  | {
      readonly type: 'register'
      readonly round: number
      readonly acceptor: AcceptorName
      readonly reply: AcceptorReply
    }
  | { readonly type: 'persisted'; readonly token: number }
  /** our writer made an entry, and its COMMIT has begun: it becomes durable here, or this process ends */
  | { readonly type: 'prepared'; readonly shard: ShardName; readonly entry: LoggedEntry }
  /** the primary's own disk has a new entry */
  | { readonly type: 'appended'; readonly shard: ShardName; readonly entry: LoggedEntry }
  | { readonly type: 'diskTrouble'; readonly detail: string }
  | { readonly type: 'applied'; readonly shard: ShardName; readonly last: Position }
  | {
      readonly type: 'applyRefused'
      readonly shard: ShardName
      readonly last: Position
      readonly index: number
      readonly reason: 'corrupt' | 'version' | 'sequence' | 'drift' | 'disk'
      readonly detail: string
    }
  | {
      readonly type: 'tail'
      readonly shard: ShardName
      readonly purpose: TailPurpose
      readonly positions: readonly Position[]
    }
  | {
      readonly type: 'located'
      readonly shard: ShardName
      readonly query: number
      readonly peerLast: Position
      readonly common: Position | null
    }
  | {
      readonly type: 'logRead'
      readonly shard: ShardName
      readonly read: number
      readonly entries: readonly LoggedEntry[] | null
    }
  | {
      readonly type: 'undone'
      readonly shard: ShardName
      readonly query: number
      readonly last: Position
      readonly quarantined: number
    }
  | { readonly type: 'snapshotMade'; readonly shard: ShardName; readonly query: number; readonly offer: SnapshotOffer }
  | { readonly type: 'installed'; readonly shard: ShardName; readonly query: number; readonly last: Position }
  /** an undo, a snapshot or its installation did not work */
  | { readonly type: 'workFailed'; readonly shard: ShardName; readonly query: number; readonly why: string }
  /** no write of this shard is queued or in the writer any more */
  | { readonly type: 'gateClosed'; readonly shard: ShardName }
  | { readonly type: 'command'; readonly id: number; readonly command: OperatorCommand }

export type TailPurpose =
  /** a reign begins: everything before it in the writer has ended */
  | { readonly kind: 'reign'; readonly epoch: number }
  | { readonly kind: 'answer'; readonly session: string; readonly query: number }

export type Effect =
  /** the next effects wait for nothing; what depends on it waits for `persisted` */
  | { readonly type: 'persist'; readonly token: number; readonly identity: Identity }
  | { readonly type: 'send'; readonly session: string; readonly message: LinkMessage }
  | {
      readonly type: 'sendEntries'
      readonly session: string
      readonly shard: ShardName
      readonly entries: readonly LoggedEntry[]
    }
  | { readonly type: 'dropLink'; readonly session: string; readonly why: string }
  | { readonly type: 'addJob'; readonly shard: ShardName; readonly entry: LoggedEntry }
  | { readonly type: 'probeQueue'; readonly nonce: string }
  | {
      readonly type: 'register'
      readonly round: number
      readonly acceptor: AcceptorName
      readonly lineage: string | null
      readonly request: AcceptorRequest
    }
  | { readonly type: 'apply'; readonly shard: ShardName; readonly entries: readonly Uint8Array[] }
  | { readonly type: 'fence'; readonly shard: ShardName; readonly epoch: number }
  | { readonly type: 'settle'; readonly shard: ShardName; readonly index: number }
  | { readonly type: 'readTail'; readonly shard: ShardName; readonly purpose: TailPurpose; readonly max: number }
  | {
      readonly type: 'locate'
      readonly shard: ShardName
      readonly query: number
      readonly positions: readonly Position[]
    }
  | {
      readonly type: 'readLog'
      readonly shard: ShardName
      readonly read: number
      readonly index: number
      readonly bytesMax: number
    }
  | {
      readonly type: 'undo'
      readonly shard: ShardName
      readonly query: number
      readonly index: number
      readonly why: string
    }
  | { readonly type: 'makeSnapshot'; readonly shard: ShardName; readonly query: number }
  | {
      readonly type: 'install'
      readonly shard: ShardName
      readonly query: number
      readonly offer: SnapshotOffer
      readonly why: string
    }
  /** stop taking writes of this shard; say `gateClosed` when none is left in the writer */
  | { readonly type: 'closeGate'; readonly shard: ShardName }
  | { readonly type: 'committed'; readonly shard: ShardName; readonly index: number }
  /** the peer has granted this beat: it had not stood when it received it */
  | { readonly type: 'granted'; readonly seq: number }
  /** writes that were not committed by now can no longer be decided here */
  | { readonly type: 'reignEnded'; readonly shard: ShardName; readonly why: string }
  /** the view, or who may serve, may have changed */
  | { readonly type: 'changed' }
  | {
      readonly type: 'show'
      readonly shard: ShardName
      readonly what: string
      /** entries of the gap: beyond `from`, up to `to` */
      readonly from: number
      readonly to: number
      readonly progress: number
      readonly done: boolean
    }
  | { readonly type: 'reply'; readonly id: number; readonly ok: boolean; readonly detail: string }
  | {
      readonly type: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>>
    }

export type Peer = { readonly name: OriginName; readonly session: string }
