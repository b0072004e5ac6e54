// Operators at their worst: two at once, a drill in the middle of which the other origin dies, a comparison of documents
// that change all the time, disks that are full, an origin that dies while it sends a backup.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'
import { tandem } from './tandem.ts'

const kept = mkdtempSync(join(tmpdir(), 'tandem-operators-'))
const small = join(kept, 'small')
let cluster: TestCluster | null = null
let load: Load | null = null
let mounted = false
afterEach(async () => {
  await load?.stop()
  await cluster?.close()
  load = null
  cluster = null
  if (mounted) execFileSync('umount', [small])
  mounted = false
  rmSync(kept, { recursive: true, force: true })
})

async function started(bodyBytes = 0): Promise<{ readonly c: TestCluster; readonly load: Load }> {
  const c = await startTestCluster(32000)
  cluster = c
  await c.untilWhole()
  const writers = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 4, bodyBytes })
  load = writers
  await writers.more(50)
  return { c, load: writers }
}

const Job = z.object({ end: z.object({ ok: z.boolean(), detail: z.string() }).nullable() })

async function ended(c: TestCluster, name: 'a' | 'b', kind: string, timeoutMs = 60_000): Promise<string> {
  let detail = ''
  await until(
    async () => {
      const answer = await c.control(name, 'GET', `/_tandem/jobs/${kind}`)
      const { end } = Job.parse(await answer.json())
      detail = end?.detail ?? ''
      return end !== null || 'under way'
    },
    timeoutMs,
    `the ${kind} of ${name} ends`,
  )
  return detail
}

test('two operators at once: one acts, the other is told why not, and the pair is whole', async () => {
  const { c, load } = await started()
  const handed = await Promise.all([1, 2, 3].map(() => c.control('a', 'POST', '/_tandem/handover', { shard: 's0' })))
  expect(handed.map(answer => answer.status).sort()).toEqual([200, 409, 409])
  await Promise.all([
    c.control('a', 'POST', '/_tandem/drain'),
    c.control('b', 'POST', '/_tandem/handover', { shard: 's1' }),
  ])
  await Promise.all([c.control('a', 'POST', '/_tandem/ready'), c.control('a', 'POST', '/_tandem/drain')])
  await c.control('a', 'POST', '/_tandem/ready')
  await until(
    async () => {
      for (const name of ORIGINS) {
        const away = (await c.statusOf(name))?.shards.find(one => one.role === 'primary' && one.primary !== one.home)
        if (away !== undefined) await c.control(name, 'POST', '/_tandem/handover', { shard: away.shard })
      }
      return (await c.statusOf('a'))?.shards.every(one => one.primary === one.home) || 'a shard is away'
    },
    20_000,
    'each shard is at home',
  )
  await c.untilWhole()

  // two drills would let both stand still
  const drills = await Promise.all(ORIGINS.map(name => c.control(name, 'POST', '/_tandem/jobs/drill')))
  expect(drills.map(({ status }) => status)).toEqual([202, 202])
  expect((await c.control('a', 'POST', '/_tandem/jobs/drill')).status).toBeLessThan(410)
  const verdicts = await Promise.all(ORIGINS.map(name => ended(c, name, 'drill')))
  expect(verdicts.filter(verdict => verdict.includes('the other origin drills')).length).toBeGreaterThan(0)
  await c.untilWhole()
  await load.stop()
  expect(load.failures).toEqual([])
})

test('the other origin dies in the middle of a drill: the verdict says so, and the pair heals', async () => {
  const { c, load } = await started()
  expect((await c.control('b', 'POST', '/_tandem/jobs/drill')).status).toBe(202)
  await c.kill('origin.a')
  await until(async () => (await c.statusOf('b'))?.members.join() === 'b', 20_000, 'b took over')
  // who is alone does not stand still, whoever asks for it
  const paused = await c.control('b', 'POST', '/_tandem/drill/pause', { ms: 3000 })
  expect([paused.status, await paused.text()]).toEqual([409, expect.stringContaining('may not be lost')])
  c.start('origin.a')
  expect(await ended(c, 'b', 'drill')).toMatch(/fail|no drill now/)
  await c.untilWhole()
  await load.stop()
  expect(await load.verify()).toEqual([])
  for (const id of ['canary-0-0', 'canary-1-0'])
    expect((await fetch(`${c.origins.b.public}/v1/tandem-drill/${id}`)).status).toBe(404)
})

test('documents that change all the time are no difference', async () => {
  const { c } = await started()
  let going = true
  const url = `${c.origins.a.public}/v1/restless/`
  const restless = [1, 2, 3, 4].map(async n => {
    for (let turn = 0; going; turn++) {
      await fetch(`${url}same`, { method: 'PUT', body: `${n} ${turn}` })
      await fetch(`${url}comes-and-goes-${n}`, {
        method: turn % 2 === 0 ? 'PUT' : 'DELETE',
        body: turn % 2 === 0 ? 'x' : null,
      })
    }
  })
  const verified = await tandem(c, 'verify', '--json')
  going = false
  await Promise.all(restless)
  const verdict = z
    .object({ detail: z.string(), shards: z.array(z.object({ differing: z.array(z.unknown()) })) })
    .parse(JSON.parse(verified.out))
  expect(verdict.shards.map(({ differing }) => differing)).toEqual([[], []])
})

test('a backup onto a full disk, and one whose origin dies, leave nothing that looks like a backup', async context => {
  const { c, load } = await started(60_000)
  await load.more(200)
  await load.stop()
  mkdirSync(small, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small], { stdio: 'pipe' })
  } catch (error) {
    return context.skip(`a small disk cannot be mounted here: ${String(error).slice(0, 100)}`)
  }
  mounted = true
  const full = await tandem(c, 'backup', join(small, 'backup'))
  expect(full).toMatchObject({ code: 1, out: expect.stringMatching(/could\s+not\s+be\s+written: ENOSPC/) })
  expect(readdirSync(join(small, 'backup'))).toEqual([])
  // the same directory is good once there is room
  const whole = join(kept, 'backup')
  expect((await tandem(c, 'backup', whole)).code).toBe(0)

  // nor does a restore that finds no room touch what is there
  const data = join(small, 'a')
  mkdirSync(data)
  const restored = await tandem(c, 'restore', whole, '--data', data, 'a')
  expect(restored).toMatchObject({ code: 1, out: expect.stringMatching(/could\s+not\s+be\s+written/) })
  expect(readdirSync(data).filter(name => name.includes('sqlite') || name === 'identity.json')).toEqual([])

  const cut = tandem(c, 'backup', join(kept, 'cut'))
  await until(() => existsSync(join(kept, 'cut')), 10_000, 'the backup begins')
  await c.kill('origin.b')
  const { code, out } = await cut
  expect(out).not.toMatch(/\n +at /)
  if (code !== 0) expect(readdirSync(join(kept, 'cut'))).toEqual([])
})
