// What was measured, per kind of fault.

export type Measured = {
  readonly kind: string
  readonly readMs: number
  readonly writeMs: number
  readonly errors: number
  /** until the other host had the address; null where it did not move */
  readonly movedMs: number | null
  /** from the end of the fault */
  readonly wholeMs: number
}

const HEAD = ['fault', 'times', 'longest read', 'longest write', 'errors', 'address moved', 'whole again'] as const

/** The worst of each kind, as a table for people and for Markdown alike. */
export function tableOf(all: readonly Measured[]): string {
  const kinds = [...new Set(all.map(each => each.kind))].sort()
  const rows = kinds.map(kind => {
    const of = all.filter(each => each.kind === kind)
    const worst = (pick: (each: Measured) => number): string => seconds(Math.max(...of.map(pick)))
    const moved = of.flatMap(each => (each.movedMs === null ? [] : [each.movedMs]))
    return [
      kind,
      String(of.length),
      worst(each => each.readMs),
      worst(each => each.writeMs),
      String(of.reduce((sum, each) => sum + each.errors, 0)),
      moved.length === 0 ? 'no' : seconds(Math.max(...moved)),
      worst(each => each.wholeMs),
    ]
  })
  const all_ = [HEAD, ...rows]
  const widths = HEAD.map((_, at) => Math.max(...all_.map(row => (row[at] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(HEAD), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
