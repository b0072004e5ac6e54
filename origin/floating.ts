// The origin's part in floating addresses: says whether this host may hold one, lets go of both without a broken connection
// when it stops, asks for its own where it is away, and gives the other host's back when that one asks.
import { readFileSync } from 'node:fs'
import { setTimeout as lap } from 'node:timers/promises'
import type { Log } from '../replicator/log.ts'
import type { Floating } from './config.ts'
import { openFitFile } from './host/fitfile.ts'
import type { Listening } from './http/server.ts'
import type { Done } from './operate.ts'

/** Clients with an open connection ask within this, and are told to come anew. */
const PART_MS = 500
/** A turn of the watch, and the firewall's rule: by then no new connection comes. */
const GATED_MS = 300
/** Requests under way are answered before the address goes. */
const EMPTY_MS = 2000
/** A turn of the watch, keepalived, and the other host's adverts. */
const MOVED_MS = 500
/** Pacemaker takes longer, and might not move it at all. */
const GONE_MS = 3000
const LOOK_MS = 50
/** How often a host whose address is away asks for it. */
const ASK_MS = 1000

export type FloatingAddresses = {
  /** Answers begin to end their connections. */
  parts(): void
  /** Holds new connections off, lets those under way end, then lets the addresses go. */
  leaves(): Promise<void>
  /** The other host is whole and asks for the address that is at home there. */
  giveBack(): Done
}

export const NO_ADDRESSES: FloatingAddresses = {
  parts: () => {},
  leaves: async () => {},
  giveBack: () => ({ ok: false, detail: 'this host knows no floating addresses' }),
}

export type AddressOptions = {
  readonly floating: Floating
  /** whether this host may hold one */
  readonly fits: () => boolean
  /** whether an address is on one of this host's cards now */
  readonly isHere: (address: string) => boolean
  readonly publicly: Listening
  /** asks the other host to give this one's address back */
  readonly askBack: () => Promise<Done>
  readonly log: Log
}

export function floatingAddresses(options: AddressOptions): FloatingAddresses {
  const { floating, fits, isHere, publicly, askBack, log } = options
  const file = openFitFile(floating.fitFile, fits)
  let giving = false
  let stopping = false

  /** The watch looks at more than the origin: the card, the gateway. */
  const mayHold = (): boolean => {
    try {
      return fits() && readFileSync(floating.unfitFile, 'utf8').trim() === '0'
    } catch {
      // no watch: then nothing may be held
      return false
    }
  }
  const asking = setInterval(() => {
    if (stopping || !mayHold() || isHere(floating.home)) return
    void askBack().then(done => {
      if (done.ok) log.info({ address: floating.home }, 'the floating address comes home')
    })
  }, ASK_MS)

  /** New connections are held off until then: let in before it, they would break. */
  async function moved(...leaving: readonly string[]): Promise<void> {
    await lap(MOVED_MS)
    const end = performance.now() + GONE_MS
    while (leaving.some(isHere) && performance.now() < end) await lap(LOOK_MS)
  }

  async function give(): Promise<void> {
    const partEnds = publicly.part(floating.guest)
    await lap(PART_MS)
    if (!stopping) file.say('guestLeaves')
    await lap(GATED_MS)
    await publicly.emptied(EMPTY_MS, floating.guest)
    if (!stopping) file.say('guestLeft')
    await moved(floating.guest)
    if (!stopping) file.say(null)
    partEnds()
  }

  return {
    parts() {
      stopping = true
      clearInterval(asking)
      // What it says of itself would be that it leaves from here on, and the address would go with all its connections.
      file.say('fit')
      publicly.part()
    },
    async leaves() {
      await lap(PART_MS)
      file.say('leaves')
      await lap(GATED_MS)
      await publicly.emptied(EMPTY_MS)
      file.say('unfit')
      await moved(floating.home, floating.guest)
      file.close()
    },
    giveBack() {
      if (giving || stopping) return { ok: false, detail: 'it is on its way already, or this origin stops' }
      if (!isHere(floating.guest)) return { ok: false, detail: `${floating.guest} is not here` }
      giving = true
      log.info({ address: floating.guest }, 'gives the floating address back')
      void give().finally(() => {
        giving = false
      })
      return { ok: true, detail: `${floating.guest} is on its way` }
    },
  }
}
