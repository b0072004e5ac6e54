// Named points of the write path and of proposals at which a test may kill, pause or break this very process.
// TANDEM_FAILPOINT = POINT[:COUNT][:stop|throw], read once at process start. Each worker thread counts by itself.

type Act = 'kill' | 'stop' | 'throw'
export type Failpoint = { readonly point: string; readonly count: number; readonly act: Act }

/** A paused process must not run on before the signal is delivered, which may be to another thread. */
const STOP_DELIVERY_MS = 100

const PATTERN = /^([A-Za-z][A-Za-z0-9.-]*)(?::([1-9]\d{0,8}))?(?::(stop|throw))?$/

/** Null where nothing is armed. Throws on anything malformed: a test that arms nothing by mistake would prove nothing. */
export function parseFailpoint(text: string | undefined): Failpoint | null {
  if (text === undefined || text === '') return null
  const match = PATTERN.exec(text)
  if (match === null)
    throw new Error(`TANDEM_FAILPOINT is ${JSON.stringify(text)}; allowed: POINT[:COUNT][:stop|throw]`)
  const [, point = '', count = '1', act] = match
  return { point, count: Number(count), act: act === 'stop' || act === 'throw' ? act : 'kill' }
}

const armed = parseFailpoint(process.env.TANDEM_FAILPOINT)
let reached = 0

/** Marks a point. Does nothing unless this point is armed and is now reached for the COUNT-th time. */
export function reach(point: string): void {
  if (armed === null || armed.point !== point) return
  reached += 1
  if (reached === armed.count) fail(armed)
}

function fail({ point, act }: Failpoint): void {
  if (act === 'throw') throw new Error(`failpoint ${point}`)
  process.kill(process.pid, act === 'stop' ? 'SIGSTOP' : 'SIGKILL')
  Atomics.wait(
    new Int32Array(new SharedArrayBuffer(4)),
    0,
    0,
    act === 'stop' ? STOP_DELIVERY_MS : Number.POSITIVE_INFINITY,
  )
}
