// How much memory the heap of this process takes: how far it grows before its long-lived part is collected, and what is left of its start.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Per cent of what was alive after the last collection. V8 itself lets a small heap grow up to fourfold, so that requests
 * which outlived two young collections, as under load most do, pile up to some 130 MiB. Twofold saves 40 to 70 MiB of each
 * origin, for some 4 % more CPU of a GET and 3 % less of a PUT; half as much again saves 30 more, for a tenth (docs/bench/PROFILE.md).
 */
const GROWING_PERCENT = 100

/** For all threads of this process; to be called before any of them starts. */
export const boundHeapGrowth = (): void => setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`)

/**
 * Loading some hundred modules leaves 25 MiB of young generation behind, which an idle process would keep for good. Blocks for some
 * 70 ms: to be called before anything is served. What `--expose-gc` gives, asked for at run time.
 * See https://nodejs.org/api/cli.html#--expose-gc
 */
export function giveBackWhatLoadingLeft(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
