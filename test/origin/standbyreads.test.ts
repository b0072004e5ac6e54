// Strong reads of a standby, over a real store: only what stays, only while its read lease runs, only as a member.
import { describe, expect, it } from 'vitest'
import { StandbyReads } from '../../origin/standbyreads.ts'
import type { State } from '../../replicator/core/state.ts'
import { RECORD } from '../replicator/core/alone.ts'
import { answered, mirroredPair, reigns } from '../replicator/core/mirrored.ts'
import { openStore, put, remove, write } from './store/fixture.ts'

/** Documents of entries 1 and 2, and one that entry 3 removed again; the read lease runs from 0 until 500. */
async function standby() {
  const store = await openStore()
  for (const command of [put('c/1', 'one'), put('c/2', 'two'), remove('c/1')]) await write(store, [command])
  const pair = mirroredPair(reigns('b', 'b'), { readsAsStandby: true })
  const { state } = pair
  answered(pair, 0, 1, { granted: false, reads: true })
  state.shards.s0.committed = 3
  const clock = { now: 10, whileReading: () => {} }
  const reads = new StandbyReads({
    replicator: { state },
    get: (_, key) => {
      const row = store.reader.get(key)
      clock.whileReading()
      return row
    },
    now: () => clock.now,
  })
  const kinds = async (...keys: string[]): Promise<string[]> =>
    (await Promise.all(keys.map(key => reads.read('s0', key)))).map(({ kind }) => kind)
  return { store, pair, state, clock, reads, kinds }
}

describe('a standby answers', () => {
  it('with what its copy has, and with what that has no more', async () => {
    const { reads, kinds } = await standby()
    expect(reads.may('s0')).toBe(true)
    const answer = await reads.read('s0', 'c/2')
    if (answer.kind !== 'found') throw new Error(`no document: ${answer.kind}`)
    expect(answer.document).toMatchObject({ type: 'text/plain', etag: expect.stringMatching(/^"\d+\.2\.0"$/) })
    expect(new TextDecoder().decode(answer.document.body)).toBe('two')
    expect(await kinds('c/1', 'c/3')).toEqual(['missing', 'missing'])
  })

  it('nothing that may yet vanish, be it there or gone', async () => {
    const { state, kinds } = await standby()
    state.shards.s0.committed = 1
    expect(await kinds('c/2', 'c/1', 'c/3')).toEqual(['misdirected', 'misdirected', 'misdirected'])
    state.shards.s0.committed = 2
    // what is missing is so as of the newest entry
    expect(await kinds('c/2', 'c/1', 'c/3')).toEqual(['found', 'misdirected', 'misdirected'])
    // the newest entry may be on its way to the primary's disk; with a later one it is there
    state.shards.s0.verified = 3
    expect(await kinds('c/2', 'c/1')).toEqual(['found', 'misdirected'])
    state.shards.s0.verified = 4
    expect(await kinds('c/2', 'c/1')).toEqual(['found', 'missing'])
  })

  it('nothing once its lease is over, also where that happened while it read', async () => {
    const { clock, reads, kinds } = await standby()
    clock.now = 499
    expect(await kinds('c/2')).toEqual(['found'])
    clock.whileReading = () => {
      clock.now = 500
    }
    expect(reads.may('s0')).toBe(true)
    expect(await kinds('c/2', 'c/3')).toEqual(['misdirected', 'misdirected'])
    expect(reads.may('s0')).toBe(false)
  })

  it('nothing once its primary is another, also where it was told so while it read', async () => {
    const { state, clock, kinds } = await standby()
    clock.whileReading = () => {
      state.record = { ...RECORD, epoch: 6, members: state.record?.members ?? [], primaries: reigns('a', 'b') }
    }
    expect(await kinds('c/2')).toEqual(['misdirected'])
  })

  it.each<[string, (state: State) => void]>([
    ['that is no member', state => Object.assign(state, { record: { ...state.record, members: [] } })],
    ['whose copy drifted', state => Object.assign(state, { identity: { ...state.identity, drifted: ['s0'] } })],
    ['whose disk is in trouble', state => Object.assign(state, { unfit: 'the disk refused a write' })],
    ['whose pair was restored from a backup', state => Object.assign(state, { replaced: true })],
  ])('nothing, being one %s', async (_what, change) => {
    const { state, kinds } = await standby()
    change(state)
    expect(await kinds('c/2', 'c/3')).toEqual(['misdirected', 'misdirected'])
  })

  it('never what became of a write', async () => {
    const { reads } = await standby()
    expect((await reads.operation()).kind).toBe('misdirected')
  })
})
