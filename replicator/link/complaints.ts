// Log lines about a peer that cannot be linked to: dials repeat for ever, so the same complaint is made now and then only.
import type { Log } from '../log.ts'

export type Complaint =
  | 'unreachable'
  | 'refused'
  | 'secret'
  | 'version'
  | 'name'
  | 'request'
  | 'timeout'
  | 'protocol'
  | 'crowd'

/** One line for each kind of complaint in so long; what came between is counted. */
const EVERY_MS = 30_000

export type Complaints = {
  make(kind: Complaint, fields: Record<string, unknown>, message: string): void
  /** After a success the next complaint of any kind is news again, though never more often than `SOONEST_MS`. */
  settle(): void
}

const SOONEST_MS = 2000

export function createComplaints(log: Log, nowMs: () => number): Complaints {
  const made = new Map<Complaint, { atMs: number; dueMs: number; withheld: number }>()
  return {
    make: (kind, fields, message) => {
      const now = nowMs()
      const last = made.get(kind)
      if (last !== undefined && now < last.dueMs) {
        last.withheld += 1
        return
      }
      made.set(kind, { atMs: now, dueMs: now + EVERY_MS, withheld: 0 })
      log.warn({ complaint: kind, withheld: last?.withheld ?? 0, ...fields }, message)
    },
    settle: () => {
      for (const last of made.values()) last.dueMs = Math.min(last.dueMs, last.atMs + SOONEST_MS)
    },
  }
}
