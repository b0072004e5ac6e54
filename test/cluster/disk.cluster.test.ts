// A full disk: that origin hands over and reports; it never acknowledges what it could not fsync; with room it comes back.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster, type TestCluster, until } from './cluster.ts'
import { Load } from './load.ts'

const SMALL = join(tmpdir(), 'tandem-small-disk')
const SMALL_MB = 64

function mountSmall(): string | null {
  mkdirSync(SMALL, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_MB}m`, 'tmpfs', SMALL], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `a small disk cannot be mounted here: ${String(error).slice(0, 100)}`
  }
}

let cluster: TestCluster | null = null
let mounted = false
afterEach(async () => {
  await cluster?.close()
  cluster = null
  if (mounted) execFileSync('umount', [SMALL])
  mounted = false
  rmSync(SMALL, { recursive: true, force: true })
})

test('the disk of b fills up under load, and has room again', async ({ skip }) => {
  const why = mountSmall()
  if (why !== null) return skip(why)
  mounted = true
  cluster = await startTestCluster(21800, { originEnv: { b: { TANDEM_DATA: join(SMALL, 'b') } } })
  const c = cluster
  const load = new Load({ urls: ORIGINS.map(name => c.origins[name].public), clients: 6 })
  await load.more(100)
  const { bavail, bsize } = statfsSync(SMALL)
  writeFileSync(join(SMALL, 'filler'), Buffer.alloc(bavail * bsize - 1024 * 1024))
  await until(async () => (await c.statusOf('a'))?.members.join() === 'a', 20_000, 'a serves alone')
  await load.more(100)
  expect(load.answers.slice(-20).every(one => one.origin === 'a' && one.durability === 'solo')).toBe(true)
  await until(
    async () => /the disk refused a write/.test(await (await fetch(`${c.origins.b.public}/readyz`)).text()),
    10_000,
    'b says why it is not ready',
  )
  expect(c.pid('origin.b')).not.toBe(null)

  rmSync(join(SMALL, 'filler'))
  await c.untilWhole(60_000)
  await load.more(100)
  await load.stop()
  expect(load.failures.filter(one => one.status !== 503)).toEqual([])
  expect(await load.verify()).toEqual([])
  await c.compareCopies()
})
