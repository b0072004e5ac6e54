// The real parts that a replicator runs on; the simulation brings models of the same.
import type { ShardName } from '../router/words.ts'
import type { SnapshotOffer } from './core/events.ts'
import type { Settings } from './core/state.ts'
import type { Identity, IdentityFile } from './identity.ts'
import type { LinkHandlers, LinkTransport } from './link/transport.ts'
import type { Log } from './log.ts'
import type { QueueHandlers, QueueLane } from './queue/lane.ts'
import type { Acceptors } from './register/acceptor.ts'
import type { ShardStore, SnapshotFile } from './store/shardstore.ts'

export type Parts = {
  readonly settings: Settings
  readonly identity: Identity
  readonly identityFile: IdentityFile
  readonly stores: Readonly<Record<ShardName, ShardStore>>
  readonly acceptors: Acceptors
  readonly link: (handlers: LinkHandlers) => LinkTransport
  readonly queue: (handlers: QueueHandlers) => QueueLane
  /** a copy was made for the peer, which will fetch it: who keeps it deletes it */
  readonly keepSnapshot: (shard: ShardName, file: SnapshotFile) => void
  /** brings the peer's snapshot onto this disk; rejects where it can't */
  readonly fetchSnapshot: (shard: ShardName, offer: SnapshotOffer) => Promise<SnapshotFile>
  /** monotonic milliseconds */
  readonly now: () => number
  readonly log: Log
  /** a named point that a test may have armed: see origin/failpoint.ts */
  readonly reach: (point: string) => void
  /** the process can no longer be trusted to go on */
  readonly fatal: (why: string, cause: unknown) => void
}
