// How far the heap grows before its long-lived part is collected.
import { setFlagsFromString } from 'node:v8'

/**
 * Per cent of what was alive after the last collection. V8 itself lets a small heap grow up to fourfold, so that requests
 * which outlived two young collections, as under load most do, pile up to some 130 MiB. Twofold costs no CPU that could be
 * measured and saves 40 to 70 MiB of each origin; 50 saves 30 more, but a GET costs a tenth more (docs/bench/PROFILE.md).
 */
const GROWING_PERCENT = 100

/** For all threads of this process; to be called before any of them starts. */
export const boundHeapGrowth = (): void => setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`)
