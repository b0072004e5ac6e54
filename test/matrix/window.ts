// What the clients saw while one thing happened, by the way they came in; and the table of it.
export const VIAS = ['host', 'edge'] as const
export type Via = (typeof VIAS)[number]

/** `of`: where the time went, as the answer says */
export type Longest = { ms: number; of: string }

export type Seen = { requests: number; errors: string[]; read: Longest; write: Longest }

/** @param boundMs what the design promises, null for fair weather */
export type Window = {
  readonly what: string
  readonly boundMs: number | null
  readonly seen: Readonly<Record<Via, Seen>>
}

const nothing = (): Seen => ({ requests: 0, errors: [], read: { ms: 0, of: '' }, write: { ms: 0, of: '' } })

export const windowOf = (what: string, boundMs: number | null): Window => ({
  what,
  boundMs,
  seen: { host: nothing(), edge: nothing() },
})

export function note(seen: Seen, kind: 'read' | 'write', ms: number, of: string): void {
  seen.requests += 1
  if (ms > seen[kind].ms) seen[kind] = { ms, of }
}

export const longestOf = ({ read, write }: Seen): Longest => (read.ms > write.ms ? read : write)

/**
 * Where somebody waited beyond what the design promises. A request also takes what it takes in fair weather, on this machine
 * at this time: that is measured by the same clients, and allowed on top.
 */
export function beyond(windows: readonly Window[], fair: Window): readonly string[] {
  return windows.flatMap(({ what, boundMs, seen }) =>
    VIAS.flatMap(via => {
      const { ms, of } = longestOf(seen[via])
      const usual = longestOf(fair.seen[via]).ms
      if (boundMs === null || ms <= boundMs + usual) return []
      return [`${what}, ${via}: ${Math.ceil(ms)} ms, bound ${boundMs}, in fair weather ${Math.ceil(usual)}: ${of}`]
    }),
  )
}

/** A line for each way in. */
export function table(windows: readonly Window[]): string {
  const rows = [['what happens', 'bound', 'via', 'requests', 'errors', 'longest read', 'longest write']]
  for (const { what, boundMs, seen } of windows)
    for (const via of VIAS) {
      const { requests, errors, read, write } = seen[via]
      const bound = boundMs === null ? '' : `${boundMs} ms`
      rows.push([what, bound, via, String(requests), String(errors.length), waited(read), waited(write)])
    }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const waited = ({ ms }: Longest): string => `${Math.ceil(ms)} ms`
