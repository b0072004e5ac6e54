// The edge, in wrangler dev, before a real local cluster: what its clients see when an origin is killed or told to go.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

const BASE = 26000

let cluster: TestCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

async function started(): Promise<{ cluster: TestCluster; url: string }> {
  const running = await startTestCluster(BASE, { edge: true })
  cluster = running
  if (running.edge === null) throw new Error('no edge')
  return { cluster: running, url: running.edge.url }
}

/** Reads of documents that are there: each must be answered, whatever happens. */
class Readers {
  readonly failures: string[] = []
  count = 0
  longestMs = 0
  #running = true
  readonly #loops: Promise<void>[]

  constructor(url: string, keys: readonly string[], clients: number) {
    this.#loops = Array.from({ length: clients }, (_, client) => this.#loop(url, keys, client))
  }

  async #loop(url: string, keys: readonly string[], client: number): Promise<void> {
    for (let turn = client; this.#running; turn++) {
      const key = keys[turn % keys.length]
      const began = performance.now()
      try {
        const response = await fetch(`${url}/v1/${key}`, { signal: AbortSignal.timeout(15_000) })
        const text = await response.text()
        if (response.status !== 200 || text !== key) this.failures.push(`${key}: ${response.status} ${text}`)
      } catch (error) {
        this.failures.push(`${key}: ${String(error)}`)
      }
      this.count += 1
      this.longestMs = Math.max(this.longestMs, performance.now() - began)
      await pause(5)
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }
}

async function seeded(url: string): Promise<string[]> {
  const keys = Array.from({ length: 40 }, (_, n) => `seed/d${n}`)
  for (const key of keys) {
    const response = await fetch(`${url}/v1/${key}`, { method: 'PUT', body: key })
    expect(response.status).toBe(201)
  }
  return keys
}

/** What a write may be told without idempotency: that its outcome is not known. Nothing else. */
const otherThanUnknown = (load: Load): unknown[] =>
  load.failures.filter(({ status, text }) => status !== 503 || !text.includes('problems/outcome-unknown'))

test('answers as an origin does, from the primary at once', async () => {
  const { cluster: running, url } = await started()
  const file = JSON.parse(readFileSync(join(running.home, 'cluster.json'), 'utf8')) as { edge: unknown }
  expect(file.edge).toEqual({ url, pid: running.edge?.pid })
  const keys = await seeded(url)
  const served = new Set<string | null>()
  for (const key of keys) {
    const response = await fetch(`${url}/v1/${key}`)
    const origin = response.headers.get('tandem-origin')
    served.add(origin)
    // one hop: it asked the primary itself
    expect(response.headers.get('proxy-status')).toBe(`tandem-edge; next-hop=${origin}`)
    expect(response.headers.get('tandem-view')).toBeNull()
    expect(response.headers.get('server-timing')).toMatch(/^router;dur=[0-9.]+, edge;dur=[0-9.]+$/)
    expect(await response.text()).toBe(key)
  }
  expect(served).toEqual(new Set(ORIGINS))
})

test.each(ORIGINS)('kill -9 of %s, and its return', async victim => {
  const { cluster: running, url } = await started()
  const readers = new Readers(url, await seeded(url), 8)
  const load = new Load({ urls: [url], clients: 8 })
  await load.more(100)
  await running.kill(`origin.${victim}`)
  await load.more(200)
  await until(() => load.answers.slice(-20).every(one => one.origin === peerOf(victim)), 10_000, 'the other serves all')
  running.start(`origin.${victim}`)
  await running.untilWhole()
  await load.more(100)
  await until(() => load.answers.slice(-40).some(one => one.origin === victim), 10_000, 'it serves its half again')
  await Promise.all([load.stop(), readers.stop()])
  report(`kill -9 of ${victim}`, load, readers)
  expect(readers.failures).toEqual([])
  expect(otherThanUnknown(load)).toEqual([])
  expect(await load.verify()).toEqual([])
})

test('SIGTERM of each origin in turn', async () => {
  const { cluster: running, url } = await started()
  const readers = new Readers(url, await seeded(url), 8)
  const load = new Load({ urls: [url], clients: 8 })
  for (const name of ORIGINS satisfies readonly OriginName[]) {
    await load.more(100)
    await running.stop(`origin.${name}`)
    await load.more(100)
    running.start(`origin.${name}`)
    await running.untilWhole()
  }
  await Promise.all([load.stop(), readers.stop()])
  report('SIGTERM of both in turn', load, readers)
  expect(readers.failures).toEqual([])
  expect(otherThanUnknown(load)).toEqual([])
  expect(await load.verify()).toEqual([])
})

test('SIGSTOP of an origin past its lease, then SIGCONT', async () => {
  const { cluster: running, url } = await started()
  const readers = new Readers(url, await seeded(url), 8)
  const load = new Load({ urls: [url], clients: 8 })
  await load.more(100)
  running.pause('origin.a')
  await load.more(200)
  running.resume('origin.a')
  await running.untilWhole()
  await load.more(100)
  await Promise.all([load.stop(), readers.stop()])
  report('SIGSTOP of a', load, readers)
  expect(readers.failures).toEqual([])
  expect(otherThanUnknown(load)).toEqual([])
  expect(await load.verify()).toEqual([])
})

function report(what: string, load: Load, readers: Readers): void {
  const writeMs = Math.max(...load.answers.map(one => one.ms))
  process.stdout.write(
    `${what}: longest write ${writeMs.toFixed(0)} ms of ${load.acked}, longest read ${readers.longestMs.toFixed(0)} ms of ${readers.count}, ${load.failures.length} of unknown outcome\n`,
  )
}
