// One process for each data directory: an exclusive lock that the system frees when its holder dies, however it dies.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { holdExclusive } from '../store/sqlite.ts'
import { errnoOf } from './errno.ts'

/** Never opened by anything but the lock: closing another descriptor of it would drop the lock. */
export const LOCK_FILE = 'lock'
export const PID_FILE = 'tandem.pid'

export type DirLock =
  | { readonly kind: 'held'; readonly release: () => void }
  /** one sentence for a person */
  | { readonly kind: 'taken'; readonly why: string }

/** The directory must exist. */
export function lockDataDir(dataDir: string): DirLock {
  const hold = holdExclusive(join(dataDir, LOCK_FILE))
  const pidFile = join(dataDir, PID_FILE)
  if (hold === null) {
    const pid = readPid(pidFile)
    const holder = pid === null ? 'another process' : `the process ${pid}`
    return {
      kind: 'taken',
      why: `The data directory ${dataDir} is in use by ${holder}: one origin runs on it at a time.`,
    }
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return {
    kind: 'held',
    release: () => {
      rmSync(pidFile, { force: true })
      hold.release()
    },
  }
}

/** Only for people: who holds the lock is known to the system alone. */
function readPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
