// What a run has found so far. It is written after every finding, so that hours of measuring outlive a fault or an interruption.
import type { Finding } from './measure/finding.ts'
import type { Tell } from './measure/rounds.ts'

export type Result = {
  readonly findings: readonly Finding[]
  readonly failures: readonly string[]
  /** false: the run goes on, or was interrupted */
  readonly finished: boolean
}

export class Progress {
  readonly #write: (result: Result) => void
  readonly #tell: Tell
  readonly #findings = new Map<string, Finding>()
  readonly #failures: string[] = []
  #finished = false

  constructor(write: (result: Result) => void, tell: Tell) {
    this.#write = write
    this.#tell = tell
  }

  get result(): Result {
    return { findings: [...this.#findings.values()], failures: [...this.#failures], finished: this.#finished }
  }

  /** A finding of the same title is replaced: it grows while its part goes on. */
  report(finding: Finding): void {
    this.#findings.set(finding.title, finding)
    this.#write(this.result)
  }

  /** What fails is told and kept, and the run goes on. */
  async attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      this.#tell(`${what} failed: ${error instanceof Error ? error.stack : String(error)}`)
      this.#write(this.result)
    }
  }

  finish(): void {
    this.#finished = true
    this.#write(this.result)
  }
}
