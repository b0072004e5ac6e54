// How far long work is: a bar on a terminal, nothing anywhere else.
const BAR_CHARS = 30
const CLEAR = '\r\u001b[K'

export type Bar = { show(step: string, progress: number | null): void; end(): void }

/** @param out a terminal, or not */
export function barOn(out: { readonly isTTY?: boolean; write(text: string): unknown }): Bar {
  if (out.isTTY !== true) return { show: () => undefined, end: () => undefined }
  return {
    show: (step, progress) => void out.write(`${CLEAR}${bar(progress)} ${step}`.slice(0, CLEAR.length + 79)),
    end: () => void out.write(CLEAR),
  }
}

export function bar(progress: number | null): string {
  if (progress === null) return `[${'·'.repeat(BAR_CHARS)}]      `
  const full = Math.round((Math.min(100, Math.max(0, progress)) * BAR_CHARS) / 100)
  return `[${'#'.repeat(full)}${' '.repeat(BAR_CHARS - full)}] ${String(Math.floor(progress)).padStart(3)} %`
}
