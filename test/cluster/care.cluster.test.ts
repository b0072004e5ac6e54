// Taking care of a pair that serves: both copies compared and the differing keys named, a drill, a backup, and a new pair
// from it; all under load, through the command line.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { AHEAD } from '../../replicator/core/limits.ts'
import { shardOf } from '../../router/hash.ts'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster } from './cluster.ts'
import { Load } from './load.ts'
import { tandem } from './tandem.ts'

let cluster: TestCluster | null = null
const kept = mkdtempSync(join(tmpdir(), 'tandem-care-'))
afterEach(async () => {
  await cluster?.close()
  cluster = null
  rmSync(kept, { recursive: true, force: true })
})

const keysOn = (shard: 's0' | 's1', count: number): string[] => {
  const keys: string[] = []
  for (let n = 0; keys.length < count; n++) if (shardOf(`docs/d${n}`) === shard) keys.push(`docs/d${n}`)
  return keys
}

const Verdict = z.object({
  ok: z.boolean(),
  runs: z.array(
    z.object({
      origin: z.string(),
      detail: z.string(),
      steps: z.array(z.object({ step: z.string(), ok: z.boolean(), waitedMs: z.number() })),
    }),
  ),
})
const Status = z.array(z.object({ lineage: z.string(), epoch: z.number() }))

test('verify, drill, backup and restore', { timeout: 240_000 }, async () => {
  cluster = await startTestCluster(31500)
  const c = cluster
  await c.untilWhole()
  const put = (key: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${c.origins.a.public}/v1/${key}`, { method: 'PUT', body, headers })
  const get = async (key: string): Promise<string> => (await fetch(`${c.origins.b.public}/v1/${key}`)).text()
  const keys = [...keysOn('s0', 4), ...keysOn('s1', 4)]
  for (const key of keys) await put(key, 'before')
  const load = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4 })
  await load.more(50)

  // verify: equal while clients write; then rows that were changed behind the store's back
  expect(await tandem(c, 'verify')).toMatchObject({ code: 0, out: expect.stringContaining('both copies are equal') })
  const [changed = '', removed = '', added = ''] = keysOn('s0', 3)
  const db = new DatabaseSync(join(c.origins.b.data, 's0.sqlite'))
  db.exec('PRAGMA busy_timeout = 5000')
  db.prepare('UPDATE documents SET body = ? WHERE key = ?').run(new TextEncoder().encode('rot'), changed)
  db.prepare('DELETE FROM documents WHERE key = ?').run(removed)
  db.prepare(
    `INSERT INTO documents (key, type, epoch, idx, n, modified, body)
      SELECT key || '-more', type, epoch, idx, n, modified, body FROM documents WHERE key = ?`,
  ).run(added)
  db.close()
  const differing = await tandem(c, 'verify')
  expect(differing.code).toBe(1)
  expect(differing.out).toMatch(/s0 +DIFFERENT +\d+ +3\n/)
  expect(differing.out).toMatch(/s1 +equal/)
  for (const key of [changed, removed, `${added}-more`])
    expect(differing.out).toMatch(new RegExp(`documents +${key}\\n`))
  expect(await tandem(c, 'resync', 'b')).toMatchObject({ code: 0 })
  await c.untilWhole()
  expect(await tandem(c, 'verify')).toMatchObject({ code: 0 })

  // drill: of both shards, while others write
  const drilled = await tandem(c, 'drill', '--confirm', 'drill the pair', '--json')
  const verdict = Verdict.parse(JSON.parse(drilled.out.slice(drilled.out.indexOf('{'))))
  expect(verdict.runs.map(run => [run.origin, run.detail, run.steps.every(step => step.ok)])).toEqual([
    ['b', expect.any(String), true],
    ['a', expect.any(String), true],
  ])
  expect([drilled.code, verdict.ok]).toEqual([0, true])
  const listed = await Promise.all(
    ['canary-0-0', 'canary-1-0'].map(id => fetch(`${c.origins.a.public}/v1/tandem-drill/${id}`)),
  )
  expect(listed.map(({ status }) => status)).toEqual([404, 404])
  if (process.env.MEASURED !== undefined) writeFileSync(process.env.MEASURED, JSON.stringify(verdict, null, 2))

  // backup, under load; what comes after it is not in it
  await load.more(50)
  const dir = join(kept, 'backup')
  expect(await tandem(c, 'backup', dir)).toMatchObject({ code: 0 })
  expect(readdirSync(dir).sort()).toEqual(['manifest.json', 's0.sqlite', 's1.sqlite'])
  expect((await tandem(c, 'backup', dir)).code).toBe(2)
  await load.stop()
  expect(load.failures).toEqual([])
  const feed = `${c.origins.b.public}/v1/_changes`
  const { next: cursor } = z.object({ next: z.string() }).parse(await (await fetch(`${feed}?since=now`)).json())
  const etag = (await put(keys[0] ?? '', 'after')).headers.get('ETag') ?? ''
  const before = Status.parse(JSON.parse((await tandem(c, 'status', '--json')).out))

  // everything is lost, and begins again from it
  for (const name of [
    ...ORIGINS.map(name => `origin.${name}` as const),
    'register.a',
    'register.b',
    'register.w',
  ] as const)
    await c.kill(name)
  for (const name of ['origin.b', 'register.a', 'register.b', 'register.w'] as const) c.wipe(name)
  const restore = ['restore', dir, '--data', c.origins.a.data, 'a']
  expect(await tandem(c, ...restore)).toMatchObject({ code: 1, out: expect.stringContaining('holds a store already') })
  expect(await tandem(c, ...restore, '--force')).toMatchObject({ code: 0 })
  expect(existsSync(join(c.origins.a.data, 'aside'))).toBe(true)
  for (const name of ['register.a', 'register.b', 'register.w', 'origin.a', 'origin.b'] as const) c.start(name)
  await c.untilWhole()
  const after = Status.parse(JSON.parse((await tandem(c, 'status', '--json')).out))
  expect(after[0]?.lineage).not.toBe(before[0]?.lineage)
  expect(after[0]?.epoch).toBeGreaterThan((before[0]?.epoch ?? 0) + AHEAD - 1)
  for (const key of keys) expect(await get(key)).toBe('before')
  // an ETag of what was lost matches nothing
  expect((await put(keys[0] ?? '', 'no', { 'If-Match': etag })).status).toBe(412)
  // and a cursor names no place in the changes of this lineage, polled or live
  for (const Accept of ['application/json', 'text/event-stream']) {
    const gone = await fetch(`${feed}?since=${cursor}`, { headers: { Accept } })
    expect([gone.status, (await gone.text()).includes('problems/cursor-gone')]).toEqual([410, true])
  }
  await c.compareCopies()
  expect(await tandem(c, 'verify')).toMatchObject({ code: 0 })

  // a damaged backup is refused before anything is touched
  const bytes = readFileSync(join(dir, 's0.sqlite'))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(join(dir, 's0.sqlite'), bytes)
  expect(await tandem(c, 'restore', dir, '--data', join(kept, 'other'), 'a')).toMatchObject({
    code: 1,
    out: expect.stringContaining('SHA-256'),
  })
  expect(existsSync(join(kept, 'other'))).toBe(false)
})
