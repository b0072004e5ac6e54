// The watch over the floating addresses, as it is shipped: what it tells keepalived of what the origin says and leaves unsaid.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { vipWatchEnv } from '../../../deploy/hosts/vipwatch.ts'
import { openFitFile } from '../../../origin/host/fitfile.ts'
import { cluster } from './material.ts'

const SCRIPT = new URL('../../../deploy/hosts/vip-watch.sh', import.meta.url).pathname
/** Turns of a tenth of a second; the watch decides within thirty of them. */
const SOON = { timeout: 15_000, interval: 50 }

let dir: string
let watch: ChildProcess | null = null
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tandem-vip-'))
})
afterEach(async () => {
  await ended('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const at = (file: string): string => join(dir, file)
const told = (file: string): string => readFileSync(at(file), 'utf8').trim()

function start(): void {
  const env = {
    ...vipWatchEnv(cluster(), 'a'),
    TANDEM_FIT_FILE: at('fit'),
    TANDEM_UNFIT_FILE: at('unfit'),
    TANDEM_RETURNS_FILE: at('returns'),
    TANDEM_MOVER_PIDS: at('mover.pid'),
    TANDEM_CARD: 'lo',
    TANDEM_GATEWAY: '',
  }
  watch = spawn('sh', [SCRIPT], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
}

async function ended(signal: NodeJS.Signals): Promise<void> {
  const child = watch
  watch = null
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

test('a host may hold an address once its origin has been fit for a while, and no longer when it falls silent', async () => {
  start()
  await expect.poll(() => told('unfit'), SOON).toBe('1')
  const file = openFitFile(at('fit'), () => true)
  await expect.poll(() => told('unfit'), SOON).toBe('0')
  const last = readFileSync(at('fit'), 'utf8')
  file.close()
  // as a stopped process leaves it
  writeFileSync(at('fit'), last)
  await expect.poll(() => told('unfit'), SOON).toBe('1')
})

test('an origin that is not fit says so, and is believed at once', async () => {
  let fits = true
  const file = openFitFile(at('fit'), () => fits)
  start()
  await expect.poll(() => told('unfit'), SOON).toBe('0')
  fits = false
  await expect.poll(() => told('unfit'), SOON).toBe('1')
  file.close()
})

test("the other host's address goes home on the origin's word, and this host's own stays", async () => {
  const file = openFitFile(at('fit'), () => true)
  start()
  await expect.poll(() => told('unfit'), SOON).toBe('0')
  expect(told('returns')).toBe('0')
  file.say('guestLeaves')
  file.say('guestLeft')
  await expect.poll(() => told('returns'), SOON).toBe('1')
  expect(told('unfit')).toBe('0')
  file.say(null)
  await expect.poll(() => told('returns'), SOON).toBe('0')
  file.close()
})

test('a watch that was killed goes on where it was', async () => {
  const file = openFitFile(at('fit'), () => true)
  start()
  await expect.poll(() => told('unfit'), SOON).toBe('0')
  await ended('SIGKILL')
  start()
  await expect.poll(() => told('returns'), SOON).toBe('0')
  expect(told('unfit')).toBe('0')
  file.close()
})

test('what moves the addresses is ended where it is stopped, and left alone while it runs', async () => {
  const mover = spawn('sleep', ['60'], { stdio: 'ignore' })
  const gone = new Promise(resolve => mover.once('exit', (_, signal) => resolve(signal)))
  writeFileSync(at('mover.pid'), `${mover.pid}\n`)
  const file = openFitFile(at('fit'), () => true)
  start()
  // by now the watch has looked at it twenty times
  await expect.poll(() => told('unfit'), SOON).toBe('0')
  expect(mover.signalCode).toBeNull()
  mover.kill('SIGSTOP')
  expect(await gone).toBe('SIGKILL')
  file.close()
})
