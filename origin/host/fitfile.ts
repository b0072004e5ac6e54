// Says in a file, ten times a second, whether this host may hold a floating address: `WORD COUNT`. The count is what a
// watch outside (deploy/hosts/vip-watch.sh) tells a living process from a stopped one by.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'

/** 1: it may. 2: it is leaving, so no new connection should come. 0: it may not. */
export type FitWord = 0 | 1 | 2

/** A tenth of a second: what the watch's patience is counted in. */
const SAY_MS = 100
const COUNT_DIGITS = 12

export type FitFile = {
  /** From now on this word, whatever the state of the origin. */
  say(word: FitWord): void
  close(): void
}

/** @param fits asked each time, until `say` */
export function openFitFile(path: string, fits: () => boolean): FitFile {
  // In place and of one width, so that a reader never sees an empty file: rename would cost a file ten times a second.
  const file = openSync(path, 'w', 0o644)
  let said: FitWord | null = null
  let count = 0
  const write = (): void => {
    const word = said ?? (fits() ? 1 : 0)
    writeSync(file, `${word} ${String(++count).padStart(COUNT_DIGITS, '0')}\n`, 0)
  }
  write()
  const timer = setInterval(write, SAY_MS)
  return {
    say(word) {
      said = word
      write()
    },
    close() {
      clearInterval(timer)
      closeSync(file)
      rmSync(path, { force: true })
    },
  }
}
