// Numbers and times as people read them.

export const millis = (value: number | null): string =>
  value === null
    ? '–'
    : value >= 10_000
      ? seconds(value)
      : `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const amount = (value: number): string => Math.round(value).toLocaleString('en')

/** Of a wait: as exact as anybody wants it. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

export function bytes(count: number): string {
  let value = count
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`
}

/** In UTC, as logs have it: those who are woken may be in two countries. */
export const clock = (at: number): string =>
  Number.isFinite(at) ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : '–'
