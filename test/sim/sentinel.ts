// The three Redis that hold the queue, and their Sentinels. The master waits for no replica, so a failover drops its tail, or
// promotes a copy that is long stale; a master that was cut off wakes and still takes writes; one may come back empty.
import type { EntryJob } from '../../replicator/queue/lane.ts'
import type { OriginName } from '../../router/words.ts'
import { HOSTS, type Host, type Network } from './network.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export type Kept = { readonly to: OriginName; readonly job: EntryJob }
type Copy = {
  up: boolean
  /** it takes writes: for a while two of them may */
  master: boolean
  jobs: Map<string, Kept>
  /** so many changes of the master's have reached it */
  taken: number
  /** nothing reaches it since then */
  staleSince: number | null
  stalledUntil: number
  /** an old master finds out that it is one by then */
  demotedAt: number | null
}

const LOOK_MS = 500
/** `down-after-milliseconds`, as deploy/redis has it. */
const DOWN_AFTER_MS = 1000
/** How long a replica is behind when all is well. */
const LAG_MS = 5
/** An old master that wakes takes writes for so long. */
const WAKES_MS = [500, 9000] as const
const CHANGES_KEPT = 500

export class Sentinels {
  readonly #world: World
  readonly #network: Network
  readonly #random: Random
  readonly #copies: Readonly<Record<Host, Copy>>
  /** what the master did since it is one */
  #changes: { readonly at: number; readonly id: string; readonly kept: Kept | null }[] = []
  #master: Host
  #missedSince: number | null = null
  onLook: () => void = () => {}

  constructor(world: World, network: Network, random: Random) {
    this.#world = world
    this.#network = network
    this.#random = random
    this.#master = random.pick(HOSTS)
    const copy = (name: Host): Copy => ({
      up: true,
      master: name === this.#master,
      jobs: new Map(),
      taken: 0,
      staleSince: null,
      stalledUntil: 0,
      demotedAt: null,
    })
    this.#copies = { a: copy('a'), b: copy('b'), w: copy('w') }
    world.after(LOOK_MS, () => this.#look())
  }

  get master(): Host {
    return this.#master
  }

  /** Does that Redis answer this origin, as a master? */
  answers(from: OriginName, name: Host): boolean {
    const { up, master } = this.#copies[name]
    return up && master && this.#network.both(from, name)
  }

  /** A job whose id is there already is the same job. */
  add(name: Host, id: string, kept: Kept): void {
    const { jobs } = this.#copies[name]
    if (jobs.has(id)) return
    jobs.set(id, kept)
    this.#changed(name, id, kept)
  }

  remove(name: Host, id: string): void {
    if (this.#copies[name].jobs.delete(id)) this.#changed(name, id, null)
  }

  job(name: Host, id: string): Kept | undefined {
    return this.#copies[name].jobs.get(id)
  }

  jobsFor(name: Host, to: OriginName): readonly string[] {
    return [...this.#copies[name].jobs].filter(([, kept]) => kept.to === to).map(([id]) => id)
  }

  /** Stopped, and continued: it knows nothing of what happened meanwhile. */
  stop(name: Host, ms: number): void {
    this.#copies[name].up = false
    this.#world.story.tell(`redis ${name}`, () => 'is stopped')
    this.#world.after(ms, () => {
      this.#copies[name].up = true
      this.#world.story.tell(`redis ${name}`, () => 'goes on')
    })
  }

  /** The master is back empty before anybody missed it, and its replicas copy that. */
  comeBackEmpty(): void {
    this.#world.story.tell(`redis ${this.#master}`, () => 'comes back empty')
    for (const name of HOSTS) this.#copies[name].jobs.clear()
    this.#changes = []
    for (const name of HOSTS) this.#copies[name].taken = 0
  }

  /** Nothing reaches this replica from now on, for a while. */
  stall(name: Host, ms: number): void {
    const copy = this.#copies[name]
    copy.staleSince ??= this.#world.now
    copy.stalledUntil = this.#world.now + ms
  }

  /** By a person, or because the master is missed. */
  failOver(to: Host): void {
    const { now } = this.#world
    const next = this.#copies[to]
    if (to === this.#master || !next.up) return
    this.#follow(next)
    this.#world.story.tell('sentinel', () => `${to} is master after ${this.#master}`)
    next.master = true
    next.demotedAt = null
    next.staleSince = null
    this.#copies[this.#master].demotedAt = now + this.#random.between(...WAKES_MS)
    this.#master = to
    this.#changes = []
    for (const name of HOSTS) if (!this.#copies[name].master) this.#copyTo(name)
  }

  heal(): void {
    for (const name of HOSTS) {
      this.#copies[name].up = true
      this.#copies[name].stalledUntil = 0
    }
  }

  #changed(name: Host, id: string, kept: Kept | null): void {
    if (name !== this.#master) return
    this.#changes.push({ at: this.#world.now, id, kept })
    if (this.#changes.length < 2 * CHANGES_KEPT) return
    for (const each of HOSTS) {
      const copy = this.#copies[each]
      if (each !== this.#master) this.#take(copy, CHANGES_KEPT)
      copy.taken -= CHANGES_KEPT
    }
    this.#changes.splice(0, CHANGES_KEPT)
  }

  #take(copy: Copy, upTo: number): void {
    for (; copy.taken < upTo; copy.taken++) {
      const change = this.#changes[copy.taken]
      if (change === undefined) return
      if (change.kept === null) copy.jobs.delete(change.id)
      else copy.jobs.set(change.id, change.kept)
    }
  }

  #follow(copy: Copy): void {
    const until = Math.min(this.#world.now - LAG_MS, copy.staleSince ?? Number.POSITIVE_INFINITY)
    const end = this.#changes.findIndex(change => change.at > until)
    this.#take(copy, end < 0 ? this.#changes.length : end)
  }

  /** A full copy of the master, and its replica from now on. */
  #copyTo(name: Host): void {
    const copy = this.#copies[name]
    copy.jobs = new Map(this.#copies[this.#master].jobs)
    copy.taken = this.#changes.length
    copy.master = false
    copy.demotedAt = null
  }

  #look(): void {
    const { now } = this.#world
    const network = this.#network
    for (const name of HOSTS) {
      const copy = this.#copies[name]
      if (name === this.#master) continue
      const reached = copy.up && network.both(name, this.#master) && this.#copies[this.#master].up
      if (copy.master && reached && copy.demotedAt !== null && now >= copy.demotedAt) this.#copyTo(name)
      if (!reached) copy.staleSince ??= now
      else if (now >= copy.stalledUntil) copy.staleSince = null
    }
    const seers = HOSTS.filter(name => name !== this.#master && this.#copies[name].up)
    const missed = seers.filter(name => !this.#copies[this.#master].up || !network.both(name, this.#master))
    const [x, y] = missed
    const agreed = x !== undefined && y !== undefined && network.both(x, y)
    this.#missedSince = agreed ? (this.#missedSince ?? now) : null
    if (this.#missedSince !== null && now - this.#missedSince >= DOWN_AFTER_MS) {
      this.failOver(this.#random.pick(missed))
      this.#missedSince = null
    }
    this.onLook()
    this.#world.after(LOOK_MS, () => this.#look())
  }
}
