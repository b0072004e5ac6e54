// A wall clock of an origin's own, where libfaketime is installed: it reads the real one plus what a file says. The monotonic
// clock stays as it is; no software moves that. Redis and Sentinel do not run with libfaketime (their allocator asks for
// the time before it is ready), so their clocks stay too.
import { existsSync, readdirSync } from 'node:fs'

const PLACE = '/usr/lib'
const FILE = '/run/clock'

function library(): string | null {
  const found = readdirSync(PLACE)
    .map(part => `${PLACE}/${part}/faketime/libfaketimeMT.so.1`)
    .find(path => existsSync(path))
  return found ?? null
}

/** What an origin needs in its environment; null where there is no libfaketime. */
export function clockEnv(): Readonly<Record<string, string>> | null {
  const path = library()
  if (path === null) return null
  return {
    LD_PRELOAD: path,
    FAKETIME_TIMESTAMP_FILE: FILE,
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_CACHE_DURATION: '1',
  }
}

/** A command for the host: its origin's clock is off by so many seconds from now on. */
export const setClock = (offsetS: number): string =>
  `printf '%+d\\n' ${Math.round(offsetS)} >${FILE}.new && mv ${FILE}.new ${FILE}`
