// The lock on a data directory, between real processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirLock, lockDataDir } from '../../../origin/host/lock.ts'

const MODULE = new URL('../../../origin/host/lock.ts', import.meta.url).href
let dir = ''
const children: ChildProcess[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-lock-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

/** A process that takes the lock, says what it got, and stays. */
async function holder(): Promise<{ readonly child: ChildProcess; readonly got: string }> {
  const source = `import { lockDataDir } from ${JSON.stringify(MODULE)}
    const lock = lockDataDir(${JSON.stringify(dir)})
    process.stdout.write(lock.kind === 'held' ? 'held' : lock.why)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const got = await new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => reject(new Error('the holder ended')))
    child.stdout?.once('data', data => resolve(String(data)))
  })
  return { child, got }
}

function held(lock: DirLock): () => void {
  if (lock.kind !== 'held') throw new Error(lock.why)
  return lock.release
}

describe('lockDataDir', () => {
  it('refuses a second process in one sentence that names directory and holder', async () => {
    const release = held(lockDataDir(dir))
    const second = await holder()
    expect(second.got).toBe(
      `The data directory ${dir} is in use by the process ${process.pid}: one origin runs on it at a time.`,
    )
    release()
    held(lockDataDir(dir))()
  })

  it('is free again when its holder was killed', async () => {
    const first = await holder()
    expect(first.got).toBe('held')
    expect(lockDataDir(dir)).toMatchObject({
      kind: 'taken',
      why: expect.stringContaining(`process ${first.child.pid}`),
    })
    const ended = new Promise(resolve => first.child.on('close', resolve))
    first.child.kill('SIGKILL')
    await ended
    held(lockDataDir(dir))()
  })

  it('is refused to the same process too', () => {
    const release = held(lockDataDir(dir))
    expect(lockDataDir(dir).kind).toBe('taken')
    release()
  })
})
