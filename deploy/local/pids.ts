// Which processes belong to a home: a file that survives a kill -9 of the supervisor, so that the next start finds
// what was left behind. A process is known by pid, start time and boot: a reused pid is never taken for ours.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { TERM_AGAIN_MS } from './child.ts'

const Mark = z.object({ pid: z.number().int().positive(), started: z.string(), boot: z.string() })
export type Mark = z.infer<typeof Mark>

const Book = z.object({ owner: Mark, processes: z.record(z.string(), Mark) })
type Book = z.infer<typeof Book>

/** An orphaned origin may still be draining. */
const ORPHAN_STOP_MS = 30_000
const POLL_MS = 50

/** Field 22 of /proc/PID/stat, counted after the command's name, which may hold blanks and parentheses. */
const START_TIME_AFTER_NAME = 19

/** null when there is no such process (or it is dead and only waits to be collected). */
export function markOf(pid: number): Mark | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const started = fields[START_TIME_AFTER_NAME]
    if (started === undefined || fields[0] === 'Z' || fields[0] === 'X') return null
    return { pid, started, boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() }
  } catch {
    // The process is gone (ENOENT, ESRCH): that is the answer.
    return null
  }
}

export function lives(mark: Mark): boolean {
  const now = markOf(mark.pid)
  return now !== null && now.started === mark.started && now.boot === mark.boot
}

export class PidBook {
  readonly #file: string
  readonly #book: Book

  private constructor(file: string, owner: Mark) {
    this.#file = file
    this.#book = { owner, processes: {} }
  }

  /** Takes the home for this process, after stopping what a supervisor that died left running. Throws when it is taken. */
  static async open(home: string, log: (line: string) => void): Promise<PidBook> {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const file = join(home, 'pids.json')
    const before = readBook(file)
    if (before !== null) {
      if (lives(before.owner)) {
        throw new Error(
          `${home} is in use: a cluster runs there already (pid ${before.owner.pid}). Stop it first, or set TANDEM_HOME and TANDEM_PORT_BASE.`,
        )
      }
      await stopOrphans(before, log)
    }
    const owner = markOf(process.pid)
    if (owner === null) throw new Error('the local cluster needs Linux: /proc does not tell about this process')
    const book = new PidBook(file, owner)
    book.#write()
    return book
  }

  set(name: string, pid: number | null): void {
    const mark = pid === null ? null : markOf(pid)
    if (mark === null) delete this.#book.processes[name]
    else this.#book.processes[name] = mark
    this.#write()
  }

  close(): void {
    rmSync(this.#file, { force: true })
  }

  #write(): void {
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(this.#book)}\n`, { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
  }
}

function readBook(file: string): Book | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  const parsed = Book.safeParse(parseJson(text))
  if (!parsed.success)
    throw new Error(`${file} is damaged: make sure that nothing of this cluster runs, then remove it`)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON is one of the ways to be damaged: the schema refuses it.
    return undefined
  }
}

async function stopOrphans(book: Book, log: (line: string) => void): Promise<void> {
  const left = Object.entries(book.processes).filter(([, mark]) => lives(mark))
  if (left.length === 0) return
  log(`stopping what an earlier run left behind: ${left.map(([name, mark]) => `${name} (pid ${mark.pid})`).join(', ')}`)
  // Origins first: they finish their writes through the Redis that they use.
  const isOrigin = ([name]: [string, Mark]): boolean => name.startsWith('origin.')
  await stopAll(
    left.filter(isOrigin).map(([, mark]) => mark),
    ORPHAN_STOP_MS,
  )
  // Redis drops a SIGTERM that comes while it writes its first append-only file.
  await stopAll(
    left.filter(each => !isOrigin(each)).map(([, mark]) => mark),
    TERM_AGAIN_MS,
  )
  const still = left.filter(([, mark]) => lives(mark)).map(([name, mark]) => `${name} (pid ${mark.pid})`)
  if (still.length > 0) throw new Error(`these processes of an earlier run do not end: ${still.join(', ')}`)
}

async function stopAll(marks: readonly Mark[], againMs: number): Promise<void> {
  const gone = async (end: number): Promise<boolean> => {
    while (marks.some(lives) && performance.now() < end) await delay(POLL_MS)
    return !marks.some(lives)
  }
  const end = performance.now() + ORPHAN_STOP_MS
  while (performance.now() < end) {
    for (const mark of marks) {
      signal(mark, 'SIGTERM')
      // One that was paused cannot hear the signal before it goes on.
      signal(mark, 'SIGCONT')
    }
    if (await gone(Math.min(performance.now() + againMs, end))) return
  }
  for (const mark of marks) signal(mark, 'SIGKILL')
  await gone(end + ORPHAN_STOP_MS)
}

function signal(mark: Mark, name: NodeJS.Signals): void {
  if (!lives(mark)) return
  try {
    process.kill(mark.pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
