// The resource agent as it is shipped, beside a stand-in for the one command of Pacemaker that it calls. `npm run chaos --
// --addresses pacemaker` runs it under Pacemaker.
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const AGENT = new URL('../../../deploy/pacemaker/fit', import.meta.url).pathname
const OCF_ROOT = '/usr/lib/ocf'
const hasFunctions = existsSync(`${OCF_ROOT}/lib/heartbeat/ocf-shellfuncs`)
const isRoot = process.getuid?.() === 0
const hasTester = isRoot && spawnSync('sh', ['-c', 'command -v ocf-tester']).status === 0
/** Turns of a tenth of a second, on a busy machine. */
const SOON = { timeout: 10_000, interval: 50 }
/** ocf.h */
const [SUCCESS, GENERIC, CONFIGURED, NOT_RUNNING] = [0, 1, 6, 7]

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tandem-fit-'))
  writeFileSync(at('attrd_updater'), `#!/bin/sh\necho "$*" >>'${at('asked')}'\n[ ! -e '${at('refuses')}' ]\n`, {
    mode: 0o755,
  })
  writeFileSync(at('asked'), '')
})
afterEach(() => {
  run('stop')
  rmSync(dir, { recursive: true, force: true })
})

const at = (file: string): string => join(dir, file)
const ENV = (): Record<string, string> => ({
  PATH: `${dir}:${process.env.PATH}`,
  OCF_ROOT,
  HA_RSCTMP: dir,
  OCF_RESOURCE_INSTANCE: 'tandem-fit',
  OCF_RESKEY_unfit: at('unfit'),
  OCF_RESKEY_returns: at('returns'),
})
const run = (action: string, env: Readonly<Record<string, string>> = {}): number | null =>
  spawnSync(AGENT, [action], { env: { ...ENV(), ...env }, stdio: 'ignore' }).status
const asked = (): readonly string[] => readFileSync(at('asked'), 'utf8').trim().split('\n')
const said = (): string => /-U (\w+)/.exec(asked().at(-1) ?? '')?.[1] ?? 'nothing'
const tell = (unfit: string, returns: string): void => {
  writeFileSync(at('unfit'), `${unfit}\n`)
  writeFileSync(at('returns'), `${returns}\n`)
}
const follower = (): number => Number(readFileSync(at('tandem-fit.pid'), 'utf8'))

describe.skipIf(!hasFunctions)('ocf:tandem:fit (needs resource-agents)', () => {
  test('what the watch says is followed, and nothing is the same as no', async () => {
    expect(run('start')).toBe(SUCCESS)
    expect(said()).toBe('no')
    tell('0', '0')
    await expect.poll(said, SOON).toBe('yes')
    writeFileSync(at('returns'), '1\n')
    await expect.poll(said, SOON).toBe('returns')
    tell('1', '1')
    await expect.poll(said, SOON).toBe('no')
  })

  test('what Pacemaker did not take is said again until it does', async () => {
    tell('0', '0')
    expect(run('start')).toBe(SUCCESS)
    writeFileSync(at('refuses'), '')
    tell('1', '0')
    await expect.poll(said, SOON).toBe('no')
    expect(run('monitor')).toBe(GENERIC)
    const before = asked().length
    await expect.poll(() => asked().length, SOON).toBeGreaterThan(before + 2)
  })

  test('it runs from start to stop, which takes the attribute back', () => {
    expect(run('monitor')).toBe(NOT_RUNNING)
    expect(run('start')).toBe(SUCCESS)
    expect(run('start')).toBe(SUCCESS)
    expect(run('monitor')).toBe(SUCCESS)
    expect(run('stop')).toBe(SUCCESS)
    expect(asked().at(-1)).toBe('-n tandem-fit -D -q')
    expect(run('monitor')).toBe(NOT_RUNNING)
    expect(run('stop')).toBe(SUCCESS)
  })

  test('a follower that died is told from one that stands still, and what it said stays until it is begun again', () => {
    tell('0', '0')
    run('start')
    process.kill(follower(), 'SIGSTOP')
    expect(run('monitor')).toBe(GENERIC)
    process.kill(follower(), 'SIGKILL')
    expect(run('monitor')).toBe(NOT_RUNNING)
    expect(run('stop')).toBe(SUCCESS)
    expect(asked().filter(each => each.includes('-D'))).toEqual([])
    expect(run('start')).toBe(SUCCESS)
    expect(said()).toBe('yes')
  })

  test("another's process under an old pid is neither taken for a follower nor ended", () => {
    appendFileSync(at('tandem-fit.pid'), `${process.pid}\n`)
    expect(run('monitor')).toBe(NOT_RUNNING)
    expect(run('stop')).toBe(SUCCESS)
  })

  test('a path that is none is a fault of configuration', () => {
    expect(run('validate-all', { OCF_RESKEY_unfit: 'unfit' })).toBe(CONFIGURED)
    expect(run('start', { OCF_RESKEY_unfit: 'unfit' })).toBe(CONFIGURED)
  })

  test.skipIf(!hasTester)('ocf-tester finds nothing wrong (needs root)', () => {
    const args = ['-n', 'tandem-fit', '-o', `unfit=${at('unfit')}`, '-o', `returns=${at('returns')}`, AGENT]
    const { status, stdout, stderr } = spawnSync('ocf-tester', args, { env: ENV(), encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
    expect(stdout).toContain('passed all tests')
  })
})
