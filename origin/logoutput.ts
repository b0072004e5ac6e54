// Lines to standard output without ever waiting for it: the event loop that renews leases must not stand behind a slow
// pipe or disk. Bounded: a reader that stalls, or a full disk, costs lines, never memory and never the origin.
import { write, writeSync } from 'node:fs'

export type LineOutput = {
  write(line: string): void
  /** Writes what waits, within FLUSH_MS_MAX; for the last lines before an exit. */
  flush(): void
}

const STDOUT = 1
const WAITING_CHARS_MAX = 4 * 1024 * 1024
/** A pipe that is full is tried again after so long. */
const RETRY_MS = 10
const FLUSH_MS_MAX = 200

export function createLineOutput(descriptor = STDOUT): LineOutput {
  let waiting: string[] = []
  let waitingChars = 0
  let lost = 0
  let writing = false

  const take = (): Buffer => {
    const bytes = Buffer.from(waiting.join(''))
    waiting = []
    waitingChars = 0
    return bytes
  }
  const pump = (): void => {
    if (writing || waiting.length === 0) return
    writing = true
    put(take())
  }
  const put = (bytes: Buffer): void =>
    write(descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(put, RETRY_MS, bytes)
      if (error === null && written < bytes.byteLength) return put(bytes.subarray(written))
      if (error !== null) lost += 1
      writing = false
      pump()
    })

  return {
    write: line => {
      if (waitingChars + line.length > WAITING_CHARS_MAX) {
        lost += 1
        return
      }
      if (lost > 0) {
        const note = `${JSON.stringify({ level: 'error', lost, message: 'log lines were lost' })}\n`
        lost = 0
        waiting.push(note)
        waitingChars += note.length
      }
      waiting.push(line)
      waitingChars += line.length
      pump()
    },
    // A write that is under way ends by itself: the system's thread is joined at exit.
    flush: () => putNow(descriptor, take()),
  }
}

/** What cannot be written is lost: an exit must not fail, or hang, for its last lines. */
function putNow(descriptor: number, bytes: Buffer): void {
  const endMs = performance.now() + FLUSH_MS_MAX
  const pause = new Int32Array(new SharedArrayBuffer(4))
  let at = 0
  while (at < bytes.byteLength && performance.now() < endMs) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
      Atomics.wait(pause, 0, 0, RETRY_MS)
    }
  }
}
