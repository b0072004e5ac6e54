// Parts of pages behind the gate, and from this host's copy: what is answered when.
import { describe, expect, it } from 'vitest'
import { Copies } from '../../origin/copies.ts'
import { GuardedPages } from '../../origin/pages.ts'
import { behindMs, lasting } from '../../replicator/core/copy.ts'
import { Listeners } from '../../replicator/listeners.ts'
import type { Changes } from '../../router/changes.ts'
import type { Listing } from '../../router/listing.ts'
import { alonePair, RECORD } from '../replicator/core/alone.ts'
import { openStore, put, write } from './store/fixture.ts'

const LISTING: Listing = { kind: 'listing', collection: 'c', prefix: '', limit: 10, values: false, after: null }
const CHANGES: Changes = { kind: 'changes', collection: null, limit: 10, since: { kind: 'oldest' } }

async function behindGate(answerable: (index: number) => boolean | Promise<boolean>, serves = true) {
  const store = await openStore()
  await write(store, [put('c/1', 'x')])
  await write(store, [put('c/2', 'x')])
  const asked: number[] = []
  const { state } = alonePair()
  return {
    asked,
    pages: new GuardedPages({
      replicator: { state, serves: () => (serves ? 5 : null), view: () => null },
      gate: {
        answerable: async (_, index) => {
          asked.push(index)
          return answerable(index)
        },
      },
      scans: () => store.scans,
    }),
  }
}

describe('behind the gate', () => {
  it('a page is answered once the last entry of its moment is', async () => {
    const committed = Promise.withResolvers<boolean>()
    const { pages, asked } = await behindGate(() => committed.promise)
    let answered = 0
    const both = [pages.list('s0', LISTING), pages.changes('s0', CHANGES)].map(page =>
      page.then(({ kind }) => {
        answered += 1
        return kind
      }),
    )
    while (asked.length < 2) await new Promise(resolve => setImmediate(resolve))
    expect([asked, answered]).toEqual([[2, 2], 0])
    committed.resolve(true)
    expect(await Promise.all(both)).toEqual(['list', 'feed'])
  })

  it('nothing is, where the reign is over, before or meanwhile', async () => {
    for (const { pages } of [await behindGate(() => false), await behindGate(() => true, false)]) {
      expect((await pages.list('s0', LISTING)).kind).toBe('misdirected')
      expect((await pages.changes('s0', CHANGES)).kind).toBe('misdirected')
    }
  })

  it('a cursor of another lineage is gone, if this origin may say so', async () => {
    const place = { kind: 'log', index: 0, hash: '0'.repeat(16), op: null } as const
    const of = (lineage: string): Changes => ({
      ...CHANGES,
      since: { kind: 'cursor', lineage, at: { s0: place, s1: place } },
    })
    const { pages } = await behindGate(() => true)
    expect((await pages.changes('s0', of('lineage'))).kind).toBe('feed')
    expect((await pages.changes('s0', of('other'))).kind).toBe('gone')
    expect((await (await behindGate(() => false)).pages.changes('s0', of('other'))).kind).toBe('misdirected')
  })
})

describe('a copy', () => {
  it('answers for entries that are there to stay, and for no others', async () => {
    const store = await openStore()
    await write(store, [put('c/1', 'x')])
    await write(store, [put('c/2', 'x')])
    const { state } = alonePair()
    const advanced = new Listeners()
    const copies = new Copies({
      replicator: { state, advanced, onChange: listener => advanced.add(listener) },
      get: (_, key) => store.reader.get(key),
      scans: () => store.scans,
      now: () => 0,
    })
    const kinds = async (): Promise<string[]> => {
      const all = [
        copies.read('s0', 'c/1'),
        copies.read('s0', 'c/2'),
        copies.read('s0', 'c/3'),
        copies.list('s0', LISTING),
      ]
      return (await Promise.all(all)).map(({ kind }) => kind)
    }
    const no = 'misdirected'
    expect(await kinds()).toEqual([no, no, no, no])
    state.shards.s0.committed = 1
    expect(await kinds()).toEqual(['found', no, no, no])
    // a standby's entries are on its primary's disk too, once a later one is known to be the primary's
    state.shards.s0.verified = 2
    expect(await kinds()).toEqual(['found', no, no, no])
    state.shards.s0.verified = 3
    expect(await kinds()).toEqual(['found', 'found', 'missing', 'list'])
    state.peer = { session: 's', since: 0, hello: null, epoch: 5 }
    // under load the newest entry is always on its way: it is waited for
    await write(store, [put('c/4', 'x')])
    const waits = kinds()
    await new Promise(resolve => setImmediate(resolve))
    state.shards.s0.verified = 4
    advanced.tell()
    expect(await waits).toEqual(['found', 'found', 'missing', 'list'])
    await write(store, [put('c/5', 'x')])
    const late = kinds()
    state.record = { ...RECORD, epoch: 6 }
    state.shards.s0.verified = 5
    advanced.tell()
    // another reign: the entry of that number may be another one
    expect((await late).slice(2)).toEqual([no, no])
    state.record = { ...RECORD, members: [] }
    expect(await kinds()).toEqual([no, no, no, no])
  })

  it('of a primary is good up to what is committed, of one that differs for nothing', () => {
    const { state } = alonePair()
    Object.assign(state.shards.s0, { committed: 3, verified: 7 })
    expect(lasting(state, 's0')).toBe(6)
    state.shards.s0.reign = { since: 2, began: 0, start: 3, notBefore: 0, levelIn: null }
    expect(lasting(state, 's0')).toBe(3)
    state.identity = { ...state.identity, drifted: ['s0'] }
    expect(lasting(state, 's0')).toBeNull()
  })

  it('says how far it may be behind', () => {
    const { state } = alonePair()
    expect(behindMs(state, 's0', 100)).toBeNull()
    state.shards.s0.levelAt = 40
    expect(behindMs(state, 's0', 100)).toBe(60)
    state.shards.s0.reign = { since: 2, began: 0, start: 0, notBefore: 0, levelIn: null }
    expect(behindMs(state, 's0', 100)).toBe(0)
  })
})
