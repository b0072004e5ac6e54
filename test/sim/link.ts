// The one connection between the origins: frames in order within a session, stalled by a cut, lost with the session.
import type { FrameKind, LinkHandlers, LinkTransport } from '../../replicator/link/transport.ts'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import type { Life } from './life.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

type End = { readonly life: Life; readonly handlers: LinkHandlers }
type Frame = { readonly kind: FrameKind; readonly payload: Uint8Array }
type Session = {
  readonly id: string
  readonly ends: Readonly<Record<OriginName, End>>
  readonly open: Record<OriginName, boolean>
  /** arrival of the newest frame towards this end: the next is not earlier */
  readonly arrival: Record<OriginName, number>
  /** frames that wait for a cut way to open again, by the end they go to */
  readonly stalled: Record<OriginName, Frame[]>
}

/** How long an end waits for a silent peer before it gives the session up. */
const SILENCE_MS = [600, 3000] as const
const DIAL_MS = [5, 300] as const

export class Links {
  readonly #world: World
  readonly #network: Network
  readonly #random: Random
  readonly #ends: Record<OriginName, End | null> = { a: null, b: null }
  #session: Session | null = null
  #dialling = false
  #count = 0
  /** no session is given up for silence: TCP waits on */
  patience = false
  /** a firewall, or a secret that differs: no session comes about, though everything else goes through */
  refused = false

  constructor(world: World, network: Network) {
    this.#world = world
    this.#network = network
    this.#random = world.random.fork()
  }

  attach(life: Life, handlers: LinkHandlers): LinkTransport {
    const { name } = life
    this.#ends[name] = { life, handlers }
    life.later(1, () => this.#dial())
    return {
      send: (id, kind, payload) => life.touch() && this.#send(name, id, { kind, payload }),
      bufferedBytes: () => 0,
      drop: (id, why) => {
        if (life.touch() && this.#session?.id === id) this.end(why)
      },
      close: async () => this.detach(life),
    }
  }

  /** The process is gone: its peer hears of it soon, or by silence where the network is cut as well. */
  detach(life: Life): void {
    if (this.#ends[life.name]?.life !== life) return
    this.#ends[life.name] = null
    this.end('the peer closed the connection')
  }

  /** Both ends hear of it, each in its own time. */
  end(why: string): void {
    const session = this.#session
    if (session === null) return
    this.#session = null
    for (const name of ORIGINS) {
      const open = this.#network.both('a', 'b')
      const ms = open ? this.#random.between(0.1, 20) : this.#random.between(...SILENCE_MS)
      this.#world.at(Math.max(this.#world.now + ms, session.arrival[name]), session.ends[name].life, () =>
        this.#down(session, name, why),
      )
    }
    this.#retry()
  }

  /** The network changed. */
  changed(): void {
    const session = this.#session
    if (session === null) return this.#retry()
    for (const name of ORIGINS) {
      if (!this.#network.open(peerOf(name), name)) continue
      for (const frame of session.stalled[name].splice(0)) this.#deliver(session, name, frame)
    }
    // TCP may also wait longer than the cut lasts, and then bring all that stalled.
    if (this.#network.both('a', 'b') || this.patience || this.#random.chance(0.5)) return
    this.#world.after(this.#random.between(...SILENCE_MS), () => {
      if (this.#session === session && !this.#network.both('a', 'b')) this.end('silence')
    })
  }

  #send(from: OriginName, id: string, frame: Frame): boolean {
    const session = this.#session
    if (session?.id !== id || !session.open[from]) return false
    const to = peerOf(from)
    session.ends[from].life.departs(0, () => {
      if (this.#network.open(from, to)) this.#deliver(session, to, frame)
      else session.stalled[to].push(frame)
    })
    return true
  }

  #deliver(session: Session, to: OriginName, { kind, payload }: Frame): void {
    const at = Math.max(this.#world.now + this.#network.delay(), session.arrival[to])
    session.arrival[to] = at
    const { life, handlers } = session.ends[to]
    this.#world.at(at, life, () => {
      if (session.open[to]) handlers.onFrame(session.id, kind, payload)
    })
  }

  #down(session: Session, name: OriginName, why: string): void {
    if (!session.open[name]) return
    session.open[name] = false
    session.ends[name].handlers.onDown(session.id, why)
  }

  #retry(): void {
    if (this.#dialling) return
    this.#dialling = true
    this.#world.after(this.#random.between(...DIAL_MS), () => {
      this.#dialling = false
      this.#dial()
    })
  }

  #dial(): void {
    const { a, b } = this.#ends
    if (this.#session !== null || a === null || b === null) return
    const { now } = this.#world
    const shut = this.refused || !this.#network.both('a', 'b')
    if (shut || a.life.busyUntil > now || b.life.busyUntil > now) return this.#retry()
    const session: Session = {
      id: `link-${++this.#count}`,
      ends: { a, b },
      open: { a: true, b: true },
      arrival: { a: now, b: now },
      stalled: { a: [], b: [] },
    }
    const older = this.#older
    this.#older = session
    this.#session = session
    for (const name of ORIGINS) {
      const { life, handlers } = session.ends[name]
      // Sooner than the next dial: a session never begins at an end after a later one has.
      const at = now + this.#random.between(0.1, 1.5)
      session.arrival[name] = at
      this.#world.at(at, life, () => {
        // An end that had not noticed yet that the old session is over hears of it first.
        if (older !== null && older.ends[name].life === life) this.#down(older, name, 'a newer session began')
        if (session.open[name]) handlers.onUp(session.id)
      })
    }
  }

  #older: Session | null = null
}
