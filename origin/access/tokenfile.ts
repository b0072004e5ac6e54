// The file of TANDEM_TOKENS as it is now: looked at every second, and at once after SIGHUP. A change that cannot be read
// leaves the tokens as they were: neither a slip of the editor nor a full disk opens the doors, or shuts all out.
import { readFile, stat } from 'node:fs/promises'
import type { Log } from '../../replicator/log.ts'
import { errnoOf } from '../host/errno.ts'
import { type ParsedTokens, parseTokens, type Tokens } from './tokens.ts'

/** A file that is replaced by a rename is noticed like one that is written; events of the system miss some of both. */
const LOOK_MS = 1_000
/** Some 300 bytes a token, for ten thousand of them. */
const FILE_BYTES_MAX = 4 * 1024 * 1024

export type TokenFile =
  | {
      readonly kind: 'open'
      readonly current: () => Tokens
      /** Reads it now, changed or not. */
      readonly reload: () => void
      readonly close: () => void
    }
  | { readonly kind: 'faulty'; readonly why: string }

export async function openTokenFile(path: string, log: Log): Promise<TokenFile> {
  let seen = await markOf(path)
  const first = await read(path)
  if (first.kind === 'faulty') return first
  let current = first.tokens
  let closed = false
  let timer: NodeJS.Timeout | null = null

  const lookNow = async (always: boolean): Promise<void> => {
    const mark = await markOf(path)
    if (mark === seen && !always) return
    seen = mark
    const parsed = await read(path)
    if (parsed.kind === 'ok') {
      current = parsed.tokens
      log.info({ tokens: current.count }, 'reads the tokens anew')
    } else {
      log.error({ why: parsed.why }, 'the file of tokens is faulty: the tokens of before stay valid')
    }
  }
  let looks: Promise<void> = Promise.resolve()
  /** One at a time, or a slow one could put back what a later one has replaced. */
  const look = (always: boolean): Promise<void> => {
    looks = looks.then(() => lookNow(always))
    return looks
  }
  const lookAgain = (): void => {
    timer = setTimeout(() => {
      look(false).then(() => {
        if (!closed) lookAgain()
      }, complain)
    }, LOOK_MS)
    timer.unref()
  }
  const complain = (error: unknown): void => log.error({ error }, 'the file of tokens is not watched any more')
  lookAgain()
  return {
    kind: 'open',
    current: () => current,
    reload: () => void look(true).catch(complain),
    close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}

/** Tells one state of the file from another; null where there is none. */
async function markOf(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    if (errnoOf(error) !== null) return null
    throw error
  }
}

async function read(path: string): Promise<ParsedTokens> {
  try {
    if ((await stat(path)).size > FILE_BYTES_MAX) return { kind: 'faulty', why: `longer than ${FILE_BYTES_MAX} bytes` }
    return parseTokens(await readFile(path, 'utf8'), path)
  } catch (error) {
    const code = errnoOf(error)
    if (code === null) throw error
    return { kind: 'faulty', why: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})` }
  }
}
