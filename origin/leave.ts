// How an origin that was told to stop gives its shards away: without that its clients would wait for a takeover.
import { setTimeout as pause } from 'node:timers/promises'
import { within } from './within.ts'

/** CONTRACT: within 30 s of SIGTERM the process is gone, and it has connections to drain as well. */
const HAND_OVER_MS = 8_000
/** A handover that was under way, or that did not get level, is over soon: then this one tries again. */
const AGAIN_MS = 50

export type Left = { readonly ok: boolean; readonly detail: string }

/** Asks to leave until that is granted; resolves with the last answer, or null where one does not come in time. */
export async function leave(ask: () => Promise<Left>, handOverMs = HAND_OVER_MS): Promise<Left | null> {
  const until = performance.now() + handOverMs
  for (;;) {
    const left = await within(ask(), until - performance.now())
    if (left === null || left.ok || performance.now() + AGAIN_MS >= until) return left
    await pause(AGAIN_MS)
  }
}
