// A confirmation that must be typed: what cannot be undone is not answered with y.
import { createInterface } from 'node:readline/promises'
import { RefusedError, UsageError } from './outcome.ts'

/** A person who has gone away must not hold a process for ever. */
const TYPE_MS = 10 * 60_000

/** @param given what --confirm said; without it the words are asked for, on a terminal only */
export async function confirmed(words: string, given: string | undefined, tell: (text: string) => void): Promise<void> {
  if (given !== undefined) {
    if (given !== words) throw new UsageError(`--confirm must say exactly: ${words}`)
    return
  }
  if (!process.stdin.isTTY) throw new UsageError(`This needs a confirmation: --confirm "${words}"`)
  tell(`Type these words to go on: ${words}`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await lines.question('> ', { signal: AbortSignal.timeout(TYPE_MS) })
    if (typed.trim() !== words) throw new RefusedError('Nothing was done: that is not what had to be typed.')
  } finally {
    lines.close()
  }
}
