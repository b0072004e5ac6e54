// TANDEM_READS=both: a host answers strong reads of the other one's documents from its own copy, and shows nothing that is over.
import { afterEach, expect, test } from 'vitest'
import type { OriginName } from '../../router/words.ts'
import { pathIn } from '../origin/http/keys.ts'
import { isWhole, startTestCluster, type TestCluster, until } from './cluster.ts'
import { startWire, type Wire } from './cuttable.ts'

let cluster: TestCluster | null = null
let wires: Wire[] = []
afterEach(async () => {
  await cluster?.close()
  for (const wire of wires) await wire.close()
  cluster = null
  wires = []
})

const BASE = 28_800
const BOTH = { TANDEM_READS: 'both' }
const WRITES = 20
/** Above what parking allows. */
const REQUEST_MS = 15_000
/** Some heartbeats: by then a standby knows that what it has is there to stay. */
const LEVEL_MS = 5_000

/** Documents through one host or the other. */
class Doors {
  readonly #cluster: TestCluster

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  ask(at: OriginName, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.#cluster.origins[at].public + path, { signal: AbortSignal.timeout(REQUEST_MS), ...init })
  }

  async put(at: OriginName, path: string, body: string): Promise<Response> {
    const response = await this.ask(at, path, { method: 'PUT', body })
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`)
    return response
  }

  /**
   * Asks until that host answers from its own copy, as far as its lease and the load of this machine allow; every answer on the way
   * must say the same.
   */
  async untilOwn(at: OriginName, path: string, text: string, init: RequestInit = {}, status = 200): Promise<Response> {
    let answer: Response | null = null
    const own = async (): Promise<boolean> => {
      answer = await this.ask(at, path, init)
      expect([answer.status, await answer.clone().text()]).toEqual([status, text])
      return answer.headers.get('tandem-origin') === at
    }
    await until(own, LEVEL_MS, `${at} answers ${path} itself`)
    if (answer === null) throw new Error('nothing was answered')
    return answer
  }

  /** That host asks the primary, each time. */
  async forwards(at: OriginName, path: string, primary: OriginName): Promise<void> {
    for (let n = 0; n < WRITES; n++) {
      const { headers } = await this.ask(at, path)
      expect(headers.get('tandem-origin')).toBe(primary)
      expect(headers.get('proxy-status')).toContain(`tandem-${at}; next-hop=${primary}`)
    }
  }
}

async function restartWith(c: TestCluster, name: OriginName, env: Readonly<Record<string, string>>): Promise<void> {
  await c.stop(`origin.${name}`)
  c.start(`origin.${name}`, env)
  await c.untilWhole()
}

test('a host that is set to it answers for both shards, the other asks; what was acknowledged is read at once', async () => {
  cluster = await startTestCluster(BASE)
  const c = cluster
  const doors = new Doors(c)
  const [ofA, ofB] = [pathIn('s0'), pathIn('s1')]
  await c.untilWhole()
  await doors.put('a', ofA, 'of a')
  await doors.put('a', ofB, 'of b')
  // the default
  await doors.forwards('b', ofA, 'a')
  await restartWith(c, 'b', BOTH)
  const own = await doors.untilOwn('b', ofA, 'of a')
  expect(own.headers.get('proxy-status')).toBeNull()
  const readLease = async (at: OriginName): Promise<unknown> =>
    (await c.statusOf(at))?.shards.map(shard => shard.readLease.remainingMs)
  expect(await readLease('b')).toEqual([expect.any(Number), null])
  expect(await readLease('a')).toEqual([null, null])
  await doors.forwards('a', ofB, 'b')
  await restartWith(c, 'a', BOTH)
  await doors.untilOwn('a', ofB, 'of b')
  await doors.untilOwn('b', ofA, 'of a')

  // the same document, under the same conditions; the rest is the primary's
  const atA = await doors.ask('a', ofA)
  const etag = atA.headers.get('etag') ?? ''
  expect(own.headers.get('etag')).toBe(etag)
  await doors.untilOwn('b', ofA, '', { headers: { 'If-None-Match': etag } }, 304)
  await doors.untilOwn('b', pathIn('s0', 1), '', { method: 'HEAD' }, 404)
  expect((await doors.ask('b', '/v1/c')).headers.get('tandem-origin')?.split(', ').toSorted()).toEqual(['a', 'b'])
  expect((await doors.put('b', ofA, 'through b')).headers.get('tandem-origin')).toBe('a')

  for (const [writer, reader, path] of [
    ['a', 'b', ofA],
    ['b', 'a', ofB],
    ['b', 'b', ofA],
  ] as const)
    for (let n = 0; n < WRITES; n++) {
      await doors.put(writer, path, `${writer} ${n}`)
      // both ways: while the newest entry is on its way, and once the reader answers itself
      await doors.untilOwn(reader, path, `${writer} ${n}`)
    }
  await c.compareCopies()
})

test('a host that was stopped shows nothing of before, whenever it was asked', async () => {
  wires = [await startWire(BASE + 95, BASE + 101), await startWire(BASE + 96, BASE + 102)]
  const peerUrl = { a: wires[1]?.url ?? '', b: wires[0]?.url ?? '' }
  cluster = await startTestCluster(BASE, { originEnv: { a: BOTH, b: BOTH }, peerUrl })
  const c = cluster
  const doors = new Doors(c)
  await c.untilWhole()
  const paths = (['s0', 's1'] as const).map(shard => pathIn(shard))
  const acked = new Map(paths.map(path => [path, 0]))
  const write = async (path: string): Promise<void> => {
    const version = (acked.get(path) ?? 0) + 1
    await doors.put('a', path, String(version))
    acked.set(path, version)
  }
  const stale: string[] = []
  const read = async (path: string): Promise<void> => {
    const floor = acked.get(path) ?? 0
    const text = await (await doors.ask('b', path)).text()
    if (!(Number(text) >= floor)) stale.push(`${path}: read ${text}, acknowledged before ${floor}`)
  }
  for (const path of paths) await write(path)
  for (const path of paths) await doors.untilOwn('b', path, '1')
  const askAll = (): Promise<void>[] => paths.flatMap(path => Array.from({ length: 10 }, () => read(path)))
  // what is asked later comes on these connections, and lies there when the host wakes
  await Promise.all(askAll())

  c.pause('origin.b')
  // or the news of what it missed would lie there as well
  for (const wire of wires) wire.cut()
  await until(async () => (await c.statusOf('a'))?.members.length === 1, 15_000, 'a goes on alone')
  for (let n = 0; n < WRITES; n++) for (const path of paths) await write(path)
  const asked = askAll()
  c.resume('origin.b')
  await until(async () => (await c.statusOf('b'))?.members.join() === 'a', 15_000, 'b knows that it is out')
  for (const wire of wires) wire.heal()
  await until(
    async () => {
      for (const path of paths) await Promise.all([read(path), write(path)])
      const both = await Promise.all([c.statusOf('a'), c.statusOf('b')])
      return both.every(one => one !== null && isWhole(one))
    },
    30_000,
    'the pair is whole',
  )
  await Promise.all(asked)
  expect(stale).toEqual([])
  for (const path of paths) await doors.untilOwn('b', path, String(acked.get(path)))
  await c.compareCopies()
})
