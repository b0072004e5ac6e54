// The edge, in wrangler dev, before a real local cluster. What its clients see of faults: matrix.timed.cluster.test.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster } from './cluster.ts'

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

async function seeded(url: string): Promise<string[]> {
  const keys = Array.from({ length: 40 }, (_, n) => `seed/d${n}`)
  for (const key of keys) {
    const response = await fetch(`${url}/v1/${key}`, { method: 'PUT', body: key })
    expect(response.status).toBe(201)
  }
  return keys
}

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
