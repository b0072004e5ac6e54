// What streams are fed from in tests: two real stores, and a replicator that knows what it is told.
import { Source } from '../../../origin/feed/source.ts'
import type { ChangesAnswer, ChangesQuestion } from '../../../origin/scan/question.ts'
import type { Overloaded } from '../../../origin/scan/scans.ts'
import type { OpenStore } from '../../../origin/store/store.ts'
import { Listeners } from '../../../replicator/listeners.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import type { ShardName } from '../../../router/words.ts'
import { alonePair, RECORD } from '../../replicator/core/alone.ts'
import { openStore, temporaryDirectory, write } from '../store/fixture.ts'

export type Fed = {
  readonly source: Source
  readonly stores: Readonly<Record<ShardName, OpenStore>>
  /** what streams have read of it */
  readonly read: { pages: number; bytes: number }
  /** written, and on all members' disks */
  write(shard: ShardName, ...commands: readonly WriteCommand[]): Promise<void>
  lasts(shard: ShardName, index: number): void
  leave(): void
  expel(): void
  restored(): void
  /** what reading its stores says from now on */
  breaks(error: Error): void
}

export async function fed(): Promise<Fed> {
  const stores = {
    s0: await openStore(temporaryDirectory(), {}, 's0'),
    s1: await openStore(temporaryDirectory(), {}, 's1'),
  }
  const { state } = alonePair()
  const changed = new Listeners()
  const advanced = new Listeners()
  const read = { pages: 0, bytes: 0 }
  let broken: Error | null = null
  const source = new Source({
    replicator: {
      state,
      advanced,
      serves: () => state.record?.epoch ?? null,
      onChange: listener => changed.add(listener),
    },
    scans: shard => ({
      changes: async (question: ChangesQuestion): Promise<ChangesAnswer | Overloaded> => {
        if (broken !== null) throw broken
        const page = await stores[shard].scans.changes(question)
        read.pages += 1
        if (page.kind === 'changes') read.bytes += page.lines.length
        return page
      },
    }),
    now: () => performance.now(),
  })
  const lasts = (shard: ShardName, index: number): void => {
    state.shards[shard].committed = index
    advanced.tell()
  }
  return {
    source,
    stores,
    read,
    lasts,
    write: async (shard, ...commands) => {
      const { entry } = await write(stores[shard], commands)
      lasts(shard, entry?.position.index ?? 0)
    },
    breaks: error => {
      broken = error
    },
    leave: () => {
      state.leaving = true
      changed.tell()
    },
    expel: () => {
      state.record = { ...RECORD, epoch: 6, members: [{ name: 'b', store: 'store-b' }] }
      changed.tell()
    },
    restored: () => {
      state.record = { ...RECORD, lineage: 'another' }
      changed.tell()
    },
  }
}
