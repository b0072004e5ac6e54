// A pair whose private side speaks TLS with certificates on both ends: link, forwarding, snapshots and the command line.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { peerFetch } from '../../router/forward.node.ts'
import { shardOf } from '../../router/hash.ts'
import { SHARDS, type ShardName } from '../../router/words.ts'
import { authority, hasOpenssl } from '../fixtures/certificates.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'

const BASE = 32_400
const MAIN = new URL('../../deploy/cli/main.ts', import.meta.url).pathname
const dir = mkdtempSync(join(tmpdir(), 'tandem-tls-'))
let cluster: TestCluster

describe.skipIf(!hasOpenssl)('a private side with certificates (needs openssl)', () => {
  let env: Record<string, string> = {}

  beforeAll(async () => {
    const { ca, sign } = authority(dir)
    const { cert, key } = sign('host')
    env = { TANDEM_PRIVATE_TLS_CERT: cert, TANDEM_PRIVATE_TLS_KEY: key, TANDEM_PRIVATE_TLS_CA: ca }
    const peerUrl = { a: `https://127.0.0.1:${BASE + 102}`, b: `https://127.0.0.1:${BASE + 101}` }
    cluster = await startTestCluster(BASE, { peerUrl, originEnv: { a: env, b: env } })
  })
  afterAll(async () => {
    await cluster?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const own = () => ({
    cert: readFileSync(String(env.TANDEM_PRIVATE_TLS_CERT)),
    key: readFileSync(String(env.TANDEM_PRIVATE_TLS_KEY)),
    ca: readFileSync(String(env.TANDEM_PRIVATE_TLS_CA)),
  })
  const privately = (name: 'a' | 'b'): string => cluster.origins[name].private.replace('http:', 'https:')
  const headers = () => ({ authorization: `Bearer ${cluster.secret}` })
  const idIn = (shard: ShardName): string => {
    for (let n = 0; ; n++) if (shardOf(`notes/${n}`) === shard) return String(n)
  }

  test('writes through either host are mirrored and forwarded', async () => {
    for (const name of ['a', 'b'] as const)
      for (const shard of SHARDS) {
        const url = `${cluster.origins[name].public}/v1/notes/${idIn(shard)}`
        await until(
          async () => {
            const answer = await fetch(url, { method: 'PUT', body: name, headers: { 'content-type': 'text/plain' } })
            return answer.headers.get('tandem-durability') === 'mirrored' || String(answer.status)
          },
          30_000,
          `${shard} is written through ${name}, on both disks`,
        )
        expect(await (await fetch(url)).text()).toBe(name)
      }
  })

  test('nobody comes in without a certificate, and the secret is still asked for', async () => {
    await expect(fetch(`${cluster.origins.a.private}/_tandem/status`, { headers: headers() })).rejects.toThrow()
    await expect(fetch(`${privately('a')}/_tandem/status`, { headers: headers() })).rejects.toThrow()
    const known = peerFetch(own)
    expect((await known(`${privately('a')}/_tandem/status`)).status).toBe(401)
    expect((await known(`${privately('a')}/_tandem/status`, { headers: headers() })).status).toBe(200)
  })

  test('the command line shows the host its own', async () => {
    const flags = ['--url', privately('a'), '--url', privately('b'), '--secret', cluster.secret]
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'status', '--json', ...flags], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(2)
  })

  test('a copy that was lost comes back over it', async () => {
    await cluster.kill('origin.b')
    cluster.wipe('origin.b')
    cluster.start('origin.b')
    const known = peerFetch(own)
    await until(
      async () => {
        const answer = await known(`${privately('a')}/_tandem/status`, { headers: headers() })
        const status: unknown = await answer.json()
        const may = typeof status === 'object' && status !== null && 'canLoseAHost' in status && status.canLoseAHost
        return may === true || JSON.stringify(status)
      },
      60_000,
      'a host may be lost again',
    )
  })
})
