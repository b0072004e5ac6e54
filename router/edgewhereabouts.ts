// What the router of one edge request knows of primaries: the isolate's view, looked at now and then. It shares no
// promise and no timer with other requests, since these would end with the request that made them.
import type { EdgeViews } from './edgeviews.ts'
import type { View } from './view.ts'
import type { Where, Whereabouts } from './whereabouts.ts'

/** Other requests may have learnt something meanwhile. */
const LOOK_MS = 50

export class EdgeWhereabouts implements Whereabouts {
  readonly #views: EdgeViews
  readonly #now: () => number
  /** asks the origins for their view where this is due */
  readonly #probe: () => void

  constructor(views: EdgeViews, now: () => number, probe: () => void) {
    this.#views = views
    this.#now = now
    this.#probe = probe
  }

  where(): Where {
    return { kind: 'there', view: this.#views.view }
  }

  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#probe()
        resolve()
      }
      const timer = setTimeout(done, Math.min(timeoutMs, LOOK_MS))
      signal.addEventListener('abort', done, { once: true })
    })
  }

  learn(view: View): void {
    this.#views.learn(view, this.#now())
  }
}
