// Numbers and times as people read them.

export const millis = (value: number | null): string =>
  value === null
    ? '–'
    : value >= 10_000
      ? seconds(value)
      : `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const amount = (value: number): string => Math.round(value).toLocaleString('en')

export const percent = (share: number | null): string => (share === null ? '–' : `${Math.round(share * 100)} %`)

/** In UTC, as logs have it: those who are woken may be in two countries. */
export const clock = (at: number): string =>
  Number.isFinite(at) ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : '–'
