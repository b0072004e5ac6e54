// The known name that a misspelt one most resembles.

/** The candidate at the least edit distance; the first of equals. `known` is not empty. */
export function nearest(name: string, known: readonly string[]): string {
  let best = ''
  let least = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance >= least) continue
    least = distance
    best = candidate
  }
  return best
}

/** Levenshtein: insertions, deletions and substitutions that turn x into y. */
export function editDistance(x: string, y: string): number {
  let row = Array.from({ length: y.length + 1 }, (_, column) => column)
  for (let i = 1; i <= x.length; i++) {
    const next = [i]
    for (let j = 1; j <= y.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (x[i - 1] === y[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[y.length] ?? 0
}
