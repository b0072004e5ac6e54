// The simulation's store as a port of its own: its world goes on until each call is answered. Passes the suite of the real one.
import type { ReadRow } from '../../origin/documents.ts'
import type { ShardStore } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import { Disk } from '../sim/disk.ts'
import { Life } from '../sim/life.ts'
import { ModelStore, snapshotFiles } from '../sim/store.ts'
import { World } from '../sim/world.ts'

export type StoreTwin = { readonly store: ShardStore; readonly get: (key: string) => ReadRow }

/** Copies that these stores make of themselves are found by all of them, as files are. */
const FILES = snapshotFiles()

/** @param logKept entries that the log keeps once they are settled */
export function modelStore(shard: ShardName, logKept = 10_000): StoreTwin {
  const world = new World(1)
  const life = new Life('a', 'a1', world, { rate: 1, offset: 0 }, () => {})
  const model = new ModelStore(
    { shard, disk: new Disk(), life, random: world.random.fork(), logKept, onMade: () => {}, onDurable: () => {} },
    FILES,
  )
  const answered = async <T>(call: Promise<T>): Promise<T> => {
    const state = { over: false }
    const end = (): void => {
      state.over = true
    }
    call.then(end, end)
    while (!state.over) {
      world.next()?.run()
      await turn()
    }
    return call
  }
  const store: ShardStore = {
    shard,
    last: () => model.last(),
    write: (epoch, commands) => answered(model.write(epoch, commands)),
    fence: epoch => model.fence(epoch),
    apply: entries => answered(model.apply(entries)),
    settle: index => model.settle(index),
    tail: max => answered(model.tail(max)),
    locate: positions => answered(model.locate(positions)),
    read: (index, bytesMax) => answered(model.read(index, bytesMax)),
    undo: index => answered(model.undo(index)),
    snapshot: () => answered(model.snapshot()),
    install: file => answered(model.install(file)),
    close: () => answered(model.close()),
  }
  return { store, get: key => model.get(key) }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
