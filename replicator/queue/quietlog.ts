// Connection errors come in storms: of each message one line a while, with how many were left out.
import type { Log } from '../redis.ts'

const EVERY_MS = 5000
/** Different messages that are told apart; addresses are in them, so they are few. */
const MESSAGES_MAX = 64

export class QuietLog {
  readonly #log: Log
  readonly #seen = new Map<string, { at: number; left: number }>()

  constructor(log: Log) {
    this.#log = log
  }

  warn(fields: object, message: string, error: Error): void {
    const key = `${message} ${patternOf(error)}`
    const now = performance.now()
    const seen = this.#seen.get(key)
    if (seen !== undefined && now - seen.at < EVERY_MS) {
      seen.left++
      return
    }
    if (this.#seen.size >= MESSAGES_MAX) this.#seen.clear()
    this.#seen.set(key, { at: now, left: 0 })
    this.#log.warn({ ...fields, error: error.message, leftOut: seen?.left ?? 0 }, message)
  }
}

/** What differs from one error of a storm to the next: delays, and the script that was refused. */
const patternOf = (error: Error): string => error.message.replace(/\d+ms/g, '').replace(/script: .*/, '')
