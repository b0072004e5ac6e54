// The origin's part in floating addresses: says whether this host may hold one, and lets go of it without a broken
// connection when the origin stops.
import { setTimeout as lap } from 'node:timers/promises'
import { openFitFile } from './host/fitfile.ts'
import type { Listening } from './http/server.ts'

/** Clients with an open connection ask within this, and are told to come anew. */
const PART_MS = 500
/** A turn of the watch, and the firewall's rule: by then no new connection comes. */
const GATED_MS = 300
/** Requests under way are answered before the address goes. */
const EMPTY_MS = 2000
/** A turn of the watch, keepalived, and the other host's adverts. */
const MOVED_MS = 500

export type FloatingAddress = {
  /** Answers begin to end their connections. */
  parts(): void
  /** Holds new connections off, lets those under way end, then lets the address go. */
  leaves(): Promise<void>
}

const NONE: FloatingAddress = { parts: () => {}, leaves: async () => {} }

/** @param path null where no floating address is used */
export function addressOf(path: string | null, fits: () => boolean, publicly: Listening): FloatingAddress {
  if (path === null) return NONE
  const file = openFitFile(path, fits)
  return {
    parts() {
      // What it says of itself would be "leaving" from here on, and the address would go with all its connections.
      file.say(1)
      publicly.part()
    },
    async leaves() {
      await lap(PART_MS)
      file.say(2)
      await lap(GATED_MS)
      await publicly.emptied(EMPTY_MS)
      file.say(0)
      await lap(MOVED_MS)
      file.close()
    },
  }
}
