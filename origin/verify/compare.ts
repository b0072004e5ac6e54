// Are both copies of a shard the same? While writes go on the two are never asked at one moment, so a range that differs is
// looked into, and a key that differs is asked about until it is certain.
import { setTimeout as delay } from 'node:timers/promises'
import type { ShardName } from '../../router/words.ts'
import {
  type Ask,
  asked,
  LIST_ROWS,
  LIST_ROWS_MAX,
  LOOK_KEYS_MAX,
  RANGE_ROWS,
  type Range,
  TABLES,
  type Table,
} from './copy.ts'

/** Named at most; then the comparison ends, for the copy must be looked at anyway. */
export const DIFFERENCES_MAX = 100
/** A key that changes from one look to the next is looked at so often. */
const ROUNDS_MAX = 20
const ROUND_PAUSE_MS = 50
/** A copy that does not reach the other one's position for so long is no standby. */
const LEVEL_MS = 10_000
const LEVEL_PAUSE_MS = 20

export type Difference = {
  readonly table: Table
  readonly key: string
  /** hash of the row, null where there is none */
  readonly here: string | null
  readonly there: string | null
}

export type ShardVerdict = {
  readonly shard: ShardName
  /** rows here that were compared */
  readonly rows: number
  readonly differing: readonly Difference[]
  /** there may be more that differ: not all was compared */
  readonly more: boolean
  /** keys that changed at every look */
  readonly unsure: readonly string[]
}

export type Copies = { readonly here: Ask; readonly there: Ask }

export async function compareShard(
  shard: ShardName,
  copies: Copies,
  progress: (rows: number) => void,
): Promise<ShardVerdict> {
  const differing: Difference[] = []
  const unsure: string[] = []
  let rows = 0
  for (const table of TABLES) {
    for (let after = ''; differing.length < DIFFERENCES_MAX; ) {
      const range: Range = { table, after, until: null, rowsMax: RANGE_ROWS }
      const mine = await asked(copies.here, { kind: 'sum', ...range })
      const found = await within({ ...range, until: mine.end }, copies, mine)
      differing.push(...found.differing)
      unsure.push(...found.unsure)
      rows += mine.rows
      progress(rows)
      if (mine.end === null) break
      after = mine.end
    }
  }
  const more = differing.length >= DIFFERENCES_MAX
  return { shard, rows, differing: differing.slice(0, DIFFERENCES_MAX), more, unsure }
}

type Found = { readonly differing: readonly Difference[]; readonly unsure: readonly string[] }
type Sum = { readonly rows: number; readonly sha256: string }

/** @param mine the hash of this range here */
async function within(range: Range, copies: Copies, mine: Sum): Promise<Found> {
  const theirs = await asked(copies.there, { kind: 'sum', ...range, rowsMax: Number.MAX_SAFE_INTEGER })
  if (theirs.rows === mine.rows && theirs.sha256 === mine.sha256) return { differing: [], unsure: [] }
  if (mine.rows <= LIST_ROWS && theirs.rows <= LIST_ROWS)
    return settle(range.table, await suspects(range, copies), copies)
  const differing: Difference[] = []
  const unsure: string[] = []
  for (let after = range.after; differing.length < DIFFERENCES_MAX; ) {
    const part = { ...range, after, rowsMax: LIST_ROWS }
    const sum = await asked(copies.here, { kind: 'sum', ...part })
    const until = sum.end ?? range.until
    const listed = await suspects({ ...part, until }, copies)
    const found = await settle(range.table, listed, copies)
    differing.push(...found.differing)
    unsure.push(...found.unsure)
    if (sum.end === null) break
    after = sum.end
  }
  return { differing, unsure }
}

/** Keys whose rows were not the same, each as of its copy's moment. */
async function suspects(given: Range, { here, there }: Copies): Promise<string[]> {
  const range = { ...given, rowsMax: LIST_ROWS_MAX }
  const mine = new Map((await asked(here, { kind: 'list', ...range })).rows)
  const theirs = new Map((await asked(there, { kind: 'list', ...range })).rows)
  return [...new Set([...mine.keys(), ...theirs.keys()])].filter(key => mine.get(key) !== theirs.get(key))
}

async function settle(table: Table, keys: readonly string[], copies: Copies): Promise<Found> {
  const differing: Difference[] = []
  const unsure: string[] = []
  for (let at = 0; at < keys.length && differing.length < DIFFERENCES_MAX; at += LOOK_KEYS_MAX) {
    const found = await certain(table, keys.slice(at, at + LOOK_KEYS_MAX), copies)
    differing.push(...found.differing)
    unsure.push(...found.unsure)
  }
  return { differing, unsure }
}

/**
 * Three looks: here, there at that position or later, and here again at that one or later. A row that was the same at both
 * looks here was so all the while (no write brings a row back as it was), hence at the moment of the look there too. Where
 * there was none at either, one may have come and gone between: only the very row that is there in the next round too was
 * there at the look here that lies between.
 */
async function certain(table: Table, keys: readonly string[], { here, there }: Copies): Promise<Found> {
  const differing: Difference[] = []
  const extra = new Map<string, string | null>()
  let open = keys
  for (let round = 1; open.length > 0 && round <= ROUNDS_MAX; round++) {
    if (round > 1) await delay(ROUND_PAUSE_MS)
    const before = await look(here, table, open, 0)
    const other = await look(there, table, open, before.at)
    const again = await look(here, table, open, other.at)
    open = open.filter((key, at) => {
      const [first, theirs, last] = [before.hashes[at] ?? null, other.hashes[at] ?? null, again.hashes[at] ?? null]
      if (theirs === first || theirs === last) return false
      if (first !== last) return true
      if (first === null && extra.get(key) !== theirs) {
        extra.set(key, theirs)
        return true
      }
      differing.push({ table, key, here: first, there: theirs })
      return false
    })
  }
  return { differing, unsure: open }
}

/** Once the copy's log has reached that index. */
async function look(ask: Ask, table: Table, keys: readonly string[], index: number) {
  for (const end = performance.now() + LEVEL_MS; ; await delay(LEVEL_PAUSE_MS)) {
    const answer = await asked(ask, { kind: 'look', table, keys: [...keys] })
    if (answer.at >= index) return answer
    if (performance.now() > end)
      throw new Error(`one copy ends at entry ${answer.at} and does not reach entry ${index} of the other: it lags`)
  }
}
