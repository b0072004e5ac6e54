// Says in a file, ten times a second, whether this host may hold a floating address: `DIGIT COUNT`. The count is what a
// watch outside (deploy/hosts/vip-watch.sh) tells a living process from a stopped one by.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'

/** In the file a digit, which the watch acts on. */
const DIGITS = {
  unfit: 0,
  fit: 1,
  /** no new connection should come to any of them */
  leaves: 2,
  /** no new connection should come to the one that is at home on the other host */
  guestLeaves: 3,
  /** that one should go */
  guestLeft: 4,
} as const
export type FitWord = keyof typeof DIGITS

/** A tenth of a second: what the watch's patience is counted in. */
const SAY_MS = 100
const COUNT_DIGITS = 12

export type FitFile = {
  /** From now on this word; null: as the origin is. */
  say(word: FitWord | null): void
  close(): void
}

/** @param fits asked each time that nothing else is to be said */
export function openFitFile(path: string, fits: () => boolean): FitFile {
  // In place and of one width, so that a reader never sees an empty file: rename would cost a file ten times a second.
  const file = openSync(path, 'w', 0o644)
  let said: FitWord | null = null
  let count = 0
  const write = (): void => {
    // An origin that is not fit is not, whatever is on its way; only one that stops says until the end what it says.
    const guest = said === 'guestLeaves' || said === 'guestLeft'
    const word = said === null || (guest && !fits()) ? (fits() ? 'fit' : 'unfit') : said
    writeSync(file, `${DIGITS[word]} ${String(++count).padStart(COUNT_DIGITS, '0')}\n`, 0)
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
