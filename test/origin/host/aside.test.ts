// Moving a store aside: everything of it, nothing else, nothing overwritten.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { finishAside, moveAside } from '../../../origin/host/aside.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-aside-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('moveAside', () => {
  it('moves the store and leaves what operators need', async () => {
    for (const name of ['s0.sqlite', 's1.sqlite', 's1.sqlite-shm', 'identity.json', 'tandem.pid']) {
      await writeFile(join(dir, name), name)
    }
    for (const name of ['quarantine', 'snapshots']) await mkdir(join(dir, name))
    await writeFile(join(dir, 'snapshots', 'x'), 'x')
    const target = await moveAside(dir, 'copied')
    expect(target).toBe(join(dir, 'aside', '0001-copied'))
    expect((await readdir(dir)).sort()).toEqual(['aside', 'quarantine', 'tandem.pid'])
    expect(await readFile(join(target, 's0.sqlite'), 'utf8')).toBe('s0.sqlite')
    expect(await readdir(join(target, 'snapshots'))).toEqual(['x'])
  })

  it('never uses a directory twice, and makes a name of any reason', async () => {
    await mkdir(join(dir, 'aside', 's0-3'), { recursive: true })
    await mkdir(join(dir, 'aside', '0007-older'))
    await writeFile(join(dir, 's0.sqlite'), 'first')
    expect(await moveAside(dir, '../../etc')).toBe(join(dir, 'aside', '0008-etc'))
    await writeFile(join(dir, 's0.sqlite'), 'second')
    expect(await moveAside(dir, '//')).toBe(join(dir, 'aside', '0009-unnamed'))
    expect(await readFile(join(dir, 'aside', '0008-etc', 's0.sqlite'), 'utf8')).toBe('first')
  })

  it('refuses a note that leads elsewhere', async () => {
    await writeFile(join(dir, 'aside.pending'), '../../elsewhere\n')
    await expect(finishAside(dir)).rejects.toThrow('does not name a directory')
  })
})
