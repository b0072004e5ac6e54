// Killed at each named point of a save and of a move aside, then read again: the old state or the new one, never a mix.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIdentityFile, loadIdentity } from '../../../origin/host/identityfile.ts'
import type { Identity } from '../../../replicator/identity.ts'

const identity: Identity = {
  format: 1,
  name: 'a',
  store: 'store-1',
  lineage: null,
  incarnations: ['a-1'],
  ballotCounter: 1,
  intent: null,
  epoch: 0,
  record: null,
  restored: null,
  drifted: [],
  drained: false,
}
const STORE = ['s0.sqlite', 's0.sqlite-wal', 's1.sqlite', 'install-s1.json']

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-crash-'))
  await createIdentityFile(dir).save(identity)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Runs a script in a process of its own with a failpoint; resolves with the signal that ended it. */
function run(script: string, failpoint: string): Promise<NodeJS.Signals | null> {
  const url = (path: string): string => JSON.stringify(new URL(`../../../origin/host/${path}`, import.meta.url).href)
  const source = `import { createIdentityFile } from ${url('identityfile.ts')}
    import { moveAside } from ${url('aside.ts')}
    const dir = ${JSON.stringify(dir)}
    const identity = ${JSON.stringify(identity)}
    ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, TANDEM_FAILPOINT: failpoint },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (_code, signal) => resolve(signal))
  })
}

describe('a process killed', () => {
  it.each([
    ['identity.before-rename', 1],
    ['identity.after-rename', 2],
  ])('at %s leaves ballot counter %i', async (point, counter) => {
    const script = 'await createIdentityFile(dir).save({ ...identity, ballotCounter: 2 })'
    expect(await run(script, point)).toBe('SIGKILL')
    expect(await loadIdentity(dir, 'a')).toMatchObject({ kind: 'found', identity: { ballotCounter: counter } })
  })

  it.each([
    1, 2, 3, 4, 5,
  ])('after the move aside of %i files leaves a move that the next start finishes', async count => {
    for (const name of [...STORE, 'lock', 'notes.txt']) await writeFile(join(dir, name), name)
    expect(await run("await moveAside(dir, 'Drift of s0: row 7')", `aside.after-rename:${count}`)).toBe('SIGKILL')
    expect(existsSync(join(dir, 'aside.pending'))).toBe(true)
    expect(await loadIdentity(dir, 'a')).toEqual({ kind: 'new' })
    expect((await readdir(dir)).sort()).toEqual(['aside', 'lock', 'notes.txt'])
    expect(await readdir(join(dir, 'aside'))).toEqual(['0001-drift-of-s0-row-7'])
    expect((await readdir(join(dir, 'aside', '0001-drift-of-s0-row-7'))).sort()).toEqual(
      ['identity.json', ...STORE].sort(),
    )
  })
})
