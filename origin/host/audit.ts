// The audit log of this origin: every action of an operator, one JSON line each, append-only, bounded by rotation.
import { readFileSync } from 'node:fs'
import { appendFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '../../replicator/log.ts'

const FILE = 'audit.jsonl'
const OLDER = 'audit.1.jsonl'
/** Some ten thousand actions; as much again is kept in the older file. */
const BYTES_MAX = 1024 * 1024
/** What the dashboard shows. */
const RECENT_MAX = 50
const DETAIL_CHARS_MAX = 500

const auditLine = z.object({
  /** wall-clock, ISO 8601 */
  at: z.string(),
  origin: z.string(),
  actor: z.string(),
  action: z.string(),
  ok: z.boolean(),
  detail: z.string(),
})
export type AuditLine = z.output<typeof auditLine>
export { auditLine }

export class Audit {
  readonly #dir: string
  readonly #origin: string
  readonly #log: Log
  readonly #recent: AuditLine[]
  #written: Promise<void> = Promise.resolve()

  constructor(dataDir: string, origin: string, log: Log) {
    this.#dir = dataDir
    this.#origin = origin
    this.#log = log
    this.#recent = [FILE, OLDER].flatMap(file => linesOf(join(dataDir, file)).reverse()).slice(0, RECENT_MAX)
  }

  /** Newest first. */
  get recent(): readonly AuditLine[] {
    return this.#recent
  }

  /** A full disk must not keep an operator from acting: what cannot be written is logged and shown all the same. */
  note(about: { actor: string; action: string; ok: boolean; detail: string }): void {
    const { actor, action, ok } = about
    const detail = about.detail.slice(0, DETAIL_CHARS_MAX)
    const line: AuditLine = { at: new Date().toISOString(), origin: this.#origin, actor, action, ok, detail }
    this.#recent.unshift(line)
    if (this.#recent.length > RECENT_MAX) this.#recent.pop()
    this.#log.info({ actor, action, ok, detail }, 'an operator acted')
    this.#written = this.#written
      .then(() => this.#append(`${JSON.stringify(line)}\n`))
      .catch((error: unknown) => this.#log.error({ error }, 'the audit log could not be written'))
  }

  /** Resolves when all that was noted is written. */
  flushed(): Promise<void> {
    return this.#written
  }

  async #append(text: string): Promise<void> {
    const file = join(this.#dir, FILE)
    const bytes = await stat(file).then(
      ({ size }) => size,
      // the first line makes it
      () => 0,
    )
    if (bytes + text.length > BYTES_MAX) await rename(file, join(this.#dir, OLDER))
    await appendFile(file, text, { mode: 0o600, flush: true })
  }
}

/** A line that a crash cut short is left out. */
function linesOf(file: string): AuditLine[] {
  return textOf(file)
    .split('\n')
    .flatMap(text => {
      const parsed = auditLine.safeParse(parseJson(text))
      return parsed.success ? [parsed.data] : []
    })
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // no line of ours
    return null
  }
}
