// The documents of the benchmarks. Their collection tells where they live, so that a proxy that knows nothing of the
// hash can route them too: all of `home-a` are shard s0, all of `home-b` shard s1.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shardOf } from '../../router/hash.ts'
import { homeOf, type OriginName } from '../../router/words.ts'

/** Enough that no cache of a few makes the difference, few enough to be written in a second. */
export const DOCUMENTS_EACH = 1000
export const READ_BYTES = 200
export const WRITE_BYTES = 300

export const collectionOf = (origin: OriginName): string => `home-${origin}`

/** `collection/id`, all at home on this origin. */
export function keysOf(origin: OriginName, count = DOCUMENTS_EACH): string[] {
  const keys: string[] = []
  for (let n = 0; keys.length < count; n++) {
    const key = `${collectionOf(origin)}/document-${n}`
    if (homeOf(shardOf(key)) === origin) keys.push(key)
  }
  return keys
}

/** By turns, so that consecutive requests go to both. */
export const keysOfBoth = (count = DOCUMENTS_EACH): string[] => {
  const b = keysOf('b', count)
  return keysOf('a', count).flatMap((key, at) => [key, b[at] ?? key])
}

export function requestFile(dir: string, name: string, lines: readonly string[]): string {
  const file = join(dir, `${name}.requests`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

export const targetOf = (key: string): string => `/v1/${key}`

export const bodyOf = (bytes: number): string => 'x'.repeat(bytes)

const AT_ONCE = 32

/** Writes them all; throws where one is refused. */
export async function write(url: string, keys: readonly string[], bytes: number): Promise<void> {
  const body = bodyOf(bytes)
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    await Promise.all(
      keys.slice(from, from + AT_ONCE).map(async key => {
        const answer = await fetch(url + targetOf(key), {
          method: 'PUT',
          body,
          headers: { 'Content-Type': 'text/plain' },
        })
        if (!answer.ok) throw new Error(`${key} was not written: ${answer.status} ${await answer.text()}`)
        await answer.body?.cancel()
      }),
    )
  }
}
