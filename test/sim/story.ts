// What happened, for people: the last lines of a run that failed; and a hash of all lines, to show that a run repeats.
import { createHash } from 'node:crypto'

/** Lines that are kept: enough to see what led to a failure. */
const LINES_KEPT = 4000

type Line = { readonly at: number; readonly who: string; readonly what: () => string }

export class Story {
  readonly #now: () => number
  readonly #lines: Line[] = []
  #first = 0
  /** every line is formatted and hashed: slower */
  hashed = false
  readonly #hash = createHash('sha256')
  /** prints every line as it happens */
  aloud = false

  constructor(now: () => number) {
    this.#now = now
  }

  tell(who: string, what: () => string): void {
    const line: Line = { at: this.#now(), who, what }
    if (this.hashed) this.#hash.update(format(line))
    if (this.aloud) process.stdout.write(`${format(line)}\n`)
    if (this.#lines.length < LINES_KEPT) this.#lines.push(line)
    else this.#lines[this.#first++ % LINES_KEPT] = line
  }

  last(count: number): readonly string[] {
    const from = this.#first % LINES_KEPT
    const ordered = [...this.#lines.slice(from), ...this.#lines.slice(0, from)]
    return ordered.slice(-count).map(format)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

const format = ({ at, who, what }: Line): string => `${at.toFixed(2).padStart(10)} ${who.padEnd(9)} ${what()}`
