// Figures as people read them.

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100_000) return `${Math.round(value / 1000)} k`
  if (size >= 10_000) return `${(value / 1000).toFixed(1)} k`
  if (size >= 100) return String(Math.round(value))
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}
