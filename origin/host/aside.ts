// Moving a store that must be replaced out of the way: nothing is deleted (I9).
// A note on disk names the target first, so that a move that a crash cut short is finished at the next start: an
// identity must never stand without its databases, nor databases without it.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { reach } from '../failpoint.ts'
import { replaceFile, syncDir } from './durable.ts'
import { errnoOf } from './errno.ts'

export const ASIDE_DIR = 'aside'
const NOTE_FILE = 'aside.pending'
const REASON_CHARS_MAX = 40
const TARGET = /^\d{4,}-[a-z0-9-]+$/

export const IDENTITY_FILE = 'identity.json'

const DATABASE = /^s[01]\.sqlite(-wal|-shm|-journal)?$/
export const isDatabase = (name: string): boolean => DATABASE.test(name)

/**
 * True of a name in the data directory that must go when its store goes. Quarantined entries and earlier stores stay,
 * which operators may still need, and so does whatever is not ours.
 */
export const isStorePart = (name: string): boolean =>
  isDatabase(name) || name === IDENTITY_FILE || name === 'snapshots' || /^install-s[01]\.json$/.test(name)

/**
 * Moves the whole store to `<dataDir>/aside/<counter>-<reason>/`, durably, and returns that path. The databases must be
 * closed, and the lock on the directory held.
 */
export async function moveAside(dataDir: string, why: string): Promise<string> {
  await finishAside(dataDir)
  const target = await newTarget(dataDir, why)
  await replaceFile(join(dataDir, NOTE_FILE), `${target}\n`)
  await moveParts(dataDir, target)
  return join(dataDir, ASIDE_DIR, target)
}

/** Finishes a move that was cut short; does nothing where there is none. */
export async function finishAside(dataDir: string): Promise<void> {
  const target = await pendingTarget(dataDir)
  if (target !== null) await moveParts(dataDir, target)
}

async function moveParts(dataDir: string, target: string): Promise<void> {
  const targetDir = join(dataDir, ASIDE_DIR, target)
  await mkdir(targetDir, { recursive: true, mode: 0o700 })
  for (const name of await readdir(dataDir)) {
    if (!isStorePart(name)) continue
    await rename(join(dataDir, name), join(targetDir, name))
    reach('aside.after-rename')
  }
  for (const dir of [targetDir, join(dataDir, ASIDE_DIR), dataDir]) await syncDir(dir)
  await rm(join(dataDir, NOTE_FILE))
  await syncDir(dataDir)
}

async function newTarget(dataDir: string, why: string): Promise<string> {
  await mkdir(join(dataDir, ASIDE_DIR), { recursive: true, mode: 0o700 })
  const counters = (await readdir(join(dataDir, ASIDE_DIR)))
    .map(name => Number.parseInt(name, 10))
    .filter(Number.isFinite)
  const counter = String(Math.max(0, ...counters) + 1).padStart(4, '0')
  const reason = why
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, REASON_CHARS_MAX)
    .replaceAll(/^-+|-+$/g, '')
  return `${counter}-${reason === '' ? 'unnamed' : reason}`
}

async function pendingTarget(dataDir: string): Promise<string | null> {
  try {
    const target = (await readFile(join(dataDir, NOTE_FILE), 'utf8')).trim()
    if (!TARGET.test(target))
      throw new Error(`${join(dataDir, NOTE_FILE)} does not name a directory under ${ASIDE_DIR}`)
    return target
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
