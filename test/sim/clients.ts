// Clients and the routers on the two hosts: each request goes in at one host, to whoever that host names, waits while nobody
// is, and its outcome is unknown where an answer is lost.
import type { ReadAnswer, WriteAnswer } from '../../origin/http/ports.ts'
import type { Idempotency } from '../../replicator/store/command.ts'
import type { WriteOutcome } from '../../replicator/store/outcome.ts'
import type { Aimed } from '../../router/aimed.ts'
import { ORIGINS, type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import { commandOf, documentsOf, keyOf, PAIR, type Seen } from './commands.ts'
import { type Ask, type Call, type Told, valueWith } from './history.ts'
import type { Host, Running } from './host.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** As router/parking.ts has it, shorter: more requests a run. */
const PARK_MS = 4000
/** A client that heard nothing for so long gives up. */
const PATIENCE_MS = 8000
const RETRY_MS = 25
/** Within what a fault takes, and beyond it. */
const TTL_MS_MAX = 3000
/** TCP sends again what a cut network swallowed: long after its sender gave it up, a request may still arrive. */
const RETRANSMITTED_MS = 60_000
/** A router that keeps a key for its write gives a silent peer up sooner, and asks again. */
const SILENCE_MS = 700

export type Answer = ReadAnswer | WriteAnswer
type Result = { readonly kind: 'told'; readonly told: Told } | { readonly kind: 'nothing' }

export class Clients {
  readonly calls: Call[] = []
  /** calls before each of them saw another world: see `beginAgain` */
  readonly #ends: number[] = []
  readonly #world: World
  readonly #hosts: Readonly<Record<OriginName, Host>>
  readonly #network: Network
  readonly #random: Random
  /** the value that an ETag of a key stands for */
  readonly #values = new Map<string, string>()
  readonly #seen = new Map<string, Seen>()
  /** when the document that began with this may go */
  readonly #mortal = new Map<string, number>()
  stopped = false
  /** nobody asks for anything else */
  only: 'get' | 'put' | null = null
  /** nobody asks anything until this is false again */
  quiet = false
  /** what a cut network swallowed stays on its way after the cut has healed, until this is false again */
  holdsSwallowed = false
  pending = 0
  answered = 0
  onConflict: (what: string) => void = () => {}
  /** a process is about to give this answer */
  onAnswer: (by: Running, answer: Answer) => void = () => {}
  /** the same of one that is no primary of the shard */
  onSpared: (by: Running, shard: ShardName, answer: Answer) => void = () => {}
  spared = 0
  /** a request has no outcome */
  onFailed: (what: string, since: number) => void = () => {}
  /** share of forwarded answers that are lost */
  lossy = 0.002

  constructor(world: World, hosts: Readonly<Record<OriginName, Host>>, network: Network) {
    this.#world = world
    this.#hosts = hosts
    this.#network = network
    this.#random = world.random.fork()
  }

  begin(count: number, keys: number, thinkMs: number): void {
    for (let n = 0; n < count; n++) {
      const loop = (): void => {
        if (this.stopped) return
        if (this.quiet) {
          this.#world.after(5, loop)
          return
        }
        const shard = this.#random.pick(SHARDS)
        const n = this.#random.int(1, keys + 1)
        const key = `${shard}/${n > keys ? PAIR : `k${n}`}`
        this.ask(`c${n}`, shard, key, () => this.#world.after(this.#random.between(0, 2 * thinkMs), loop))
      }
      this.#world.after(this.#random.between(0, thinkMs), loop)
    }
  }

  /** The calls of each world by themselves. */
  get worlds(): readonly (readonly Call[])[] {
    return [...this.#ends, this.calls.length].map((end, at) => this.calls.slice(this.#ends[at - 1] ?? 0, end))
  }

  /** The pair goes on from a backup, which held these values: nobody asks anything now, but what was asked is remembered. */
  beginAgain(values: ReadonlyMap<string, string>): void {
    if (this.pending > 0) throw new Error('somebody still waits for an answer')
    const at = this.#world.now
    this.#ends.push(this.calls.length)
    for (const [key, value] of new Map([...values].map(([document, text]) => [keyOf(document), text]))) {
      const ask: Ask = { op: 'put', value, match: undefined, expires: null }
      const id = this.calls.length
      this.calls.push({ id, key, client: 'backup', ask, invoked: at, returned: at, told: { kind: 'created' } })
      const [began = ''] = JSON.parse(value)
      const expires = this.#mortal.get(began)
      if (expires !== undefined) this.#mayExpire(key, began, Math.max(at, expires))
    }
  }

  /** From then on, and perhaps never: a deletion that nobody asked for. */
  #mayExpire(key: string, began: string, at: number): void {
    this.#mortal.set(began, at)
    const told = { kind: 'unknown' } as const
    const returned = Number.POSITIVE_INFINITY
    const id = this.calls.length
    this.calls.push({ id, key, client: 'time', ask: { op: 'expire', began }, invoked: at, returned, told })
  }

  /** @param via the host at which it goes in */
  ask(client: string, shard: ShardName, key: string, then: () => void, via = this.#random.pick(ORIGINS)): void {
    const { running } = this.#hosts[via]
    if (running === null || this.#network.outside.has(via)) {
      then()
      return
    }
    const id = this.calls.length
    const [ask, seen] = this.#choose(key, id)
    const call: Call = {
      id,
      key,
      client,
      ask,
      invoked: this.#world.now,
      returned: Number.POSITIVE_INFINITY,
      told: { kind: 'unknown' },
    }
    this.calls.push(call)
    if (ask.op === 'put' && ask.expires !== null) this.#mayExpire(key, `v${id}`, ask.expires)
    this.pending++
    let over = false
    const end = (result: Result | null): void => {
      if (over) return
      over = true
      this.pending--
      if (result?.kind === 'nothing') this.calls[id] = { ...call, told: { kind: 'unknown' }, ask: { op: 'get' } }
      if (result?.kind === 'told') {
        call.told = result.told
        if (result.told.kind !== 'unknown') {
          call.returned = this.#world.now
          this.answered++
        }
      }
      const shown = result === null ? 'no answer' : result.kind === 'told' ? JSON.stringify(result.told) : 'turned away'
      this.#world.story.tell(client, () => `#${id} ${key} ${JSON.stringify(ask)}: ${shown}`)
      if (result?.kind !== 'told' || result.told.kind === 'unknown')
        this.onFailed(`#${id} ${key}: ${shown}`, call.invoked)
      then()
    }
    this.#world.after(PATIENCE_MS, () => end(null))
    this.#world.at(this.#world.now + this.#random.between(0.1, 2), running.life, () => {
      void this.#route(running, shard, key, ask, seen, minted(id, ask)).then(result => {
        const { life } = running
        if (life.touch())
          life.departs(this.#random.between(0.1, 2), () => {
            // Its external card was cut meanwhile: the client's connection is dead, and it hears nothing more.
            if (!this.#network.outside.has(via)) end(result)
          })
      })
    })
  }

  #choose(key: string, id: number): readonly [Ask, Seen | null] {
    const more = `v${id}`
    const value = valueWith(more)
    const seen = this.#seen.get(key)
    const dice = this.#random.unit()
    const put = (match: string | null | undefined, expires: number | null = null): Ask => ({
      op: 'put',
      value,
      match,
      expires,
    })
    if (this.only === 'put') return [put(undefined), null]
    if (this.only === 'get' || dice < 0.4) return [{ op: 'get' }, null]
    if (dice < 0.53) return [put(undefined), null]
    if (dice < 0.57) return [put(undefined, Math.floor(this.#world.now) + this.#random.int(1, TTL_MS_MAX)), null]
    if (dice < 0.65) return [{ op: 'append', more, match: undefined }, null]
    if (dice < 0.7 && seen !== undefined) return [{ op: 'append', more, match: seen.value }, seen]
    if (dice < 0.8 && seen !== undefined) return [put(seen.value), seen]
    if (dice < 0.88) return [put(null), null]
    if (dice < 0.94 && seen !== undefined) return [{ op: 'delete', match: seen.value }, seen]
    return [{ op: 'delete', match: undefined }, null]
  }

  async #route(
    at: Running,
    shard: ShardName,
    key: string,
    ask: Ask,
    seen: Seen | null,
    idem: Idempotency | null,
  ): Promise<Result> {
    /** attempts that were lost may take effect in reigns up to this epoch */
    let lostUpTo = 0
    const last = (answer: Answer): boolean =>
      idem === null || !(answer.kind === 'unknown' || (lostUpTo > 0 && answer.kind === 'unavailable'))
    const { life, whereabouts } = at
    const deadline = life.now() + PARK_MS
    const never = new AbortController().signal
    for (;;) {
      const where = whereabouts.where(shard)
      if (where.kind === 'here') {
        const answer = await this.#dispatch(at, shard, key, ask, seen, idem, null)
        if (answer.kind !== 'misdirected' && last(answer)) return this.#settled(lostUpTo, key, ask, answer)
        if (answer.kind === 'unknown') lostUpTo = Math.max(lostUpTo, answer.reign)
      }
      if (where.kind === 'there') {
        const own = ask.op === 'get' ? await this.#spare(at, shard, key) : null
        if (own !== null) return this.#settled(lostUpTo, key, ask, own)
        const { epoch } = where.view
        const answer = await this.#forward(at, shard, key, ask, seen, idem, epoch)
        if (answer === 'lost' && ask.op !== 'get' && idem === null) return { kind: 'told', told: { kind: 'unknown' } }
        if (answer !== 'lost' && answer !== 'refused' && answer.kind !== 'misdirected' && last(answer))
          return this.#settled(lostUpTo, key, ask, answer)
        if (answer === 'lost') lostUpTo = Math.max(lostUpTo, epoch)
        else if (answer !== 'refused' && answer.kind === 'unknown') lostUpTo = Math.max(lostUpTo, answer.reign)
      }
      if (life.now() >= deadline)
        return lostUpTo > 0 && ask.op !== 'get' ? { kind: 'told', told: { kind: 'unknown' } } : { kind: 'nothing' }
      await (where.kind === 'wait' ? whereabouts.changed(RETRY_MS * 4, never) : sleep(RETRY_MS))
    }
  }

  /** As router/route.ts does with a safe request: null where the primary must be asked. */
  async #spare(at: Running, shard: ShardName, key: string): Promise<Exclude<Answer, { kind: 'misdirected' }> | null> {
    if (!at.standby.may(shard)) return null
    const answer = await at.standby.read(shard, this.#random.pick(documentsOf(key)))
    if (answer.kind === 'misdirected') return null
    this.spared++
    this.onSpared(at, shard, answer)
    return answer
  }

  async #dispatch(
    at: Running,
    shard: ShardName,
    key: string,
    ask: Ask,
    seen: Seen | null,
    idem: Idempotency | null,
    aimed: Aimed,
  ): Promise<Answer> {
    const answer = await this.#answer(at, shard, key, ask, seen, idem, aimed)
    this.onAnswer(at, answer)
    return answer
  }

  #answer(
    { documents }: Running,
    shard: ShardName,
    key: string,
    ask: Ask,
    seen: Seen | null,
    idem: Idempotency | null,
    aimed: Aimed,
  ): Promise<Answer> {
    if (ask.op === 'expire') throw new Error('nobody asks for that')
    if (ask.op === 'get') return documents.read(shard, this.#random.pick(documentsOf(key)))
    const command = commandOf(key, ask, seen, Math.floor(this.#world.now))
    return documents.write(shard, idem === null ? command : { ...command, idem }, aimed)
  }

  #forward(
    from: Running,
    shard: ShardName,
    key: string,
    ask: Ask,
    seen: Seen | null,
    idem: Idempotency | null,
    aimed: Aimed,
  ): Promise<Answer | 'refused' | 'lost'> {
    const { promise, resolve } = Promise.withResolvers<Answer | 'refused' | 'lost'>()
    const { life } = from
    const peer = peerOf(life.name)
    if (!life.touch()) return promise
    life.later(life.trueMs(idem === null ? PARK_MS : SILENCE_MS), () => resolve('lost'))
    const back = (answer: Answer | 'refused' | 'lost', at: number): void => {
      if (!this.#network.open(peer, life.name) || this.#random.chance(this.lossy)) return
      this.#world.at(at + this.#network.delay(), life, () => resolve(answer))
    }
    const arrives = (): void => {
      const { running } = this.#hosts[peer]
      if (running === null) return back('refused', this.#world.now)
      this.#world.at(this.#world.now, running.life, () => {
        void this.#dispatch(running, shard, key, ask, seen, idem, aimed).then(answer => {
          if (running.life.touch()) running.life.departs(0, () => back(answer, this.#world.now))
        })
      })
    }
    const until = this.#world.now + RETRANSMITTED_MS
    const travels = (swallowed: boolean): void => {
      const waits = this.#network.open(life.name, peer) ? swallowed && this.holdsSwallowed : true
      if (!waits) arrives()
      else if (this.#world.now < until) this.#world.after(this.#random.between(20, 400), () => travels(true))
    }
    life.departs(this.#network.delay(), () => travels(false))
    return promise
  }

  /** A refusal after a lost attempt is not the last word, which may yet arrive - unless its reign began after that attempt. */
  #settled(lostUpTo: number, key: string, ask: Ask, answer: Exclude<Answer, { kind: 'misdirected' }>): Result {
    const refused =
      answer.kind === 'outcome' && ['missing', 'preconditionFailed', 'refused'].includes(answer.outcome.kind)
    return lostUpTo > 0 && refused && answer.reign <= lostUpTo
      ? { kind: 'told', told: { kind: 'unknown' } }
      : this.#tell(key, ask, answer)
  }

  #tell(key: string, ask: Ask, answer: Exclude<Answer, { kind: 'misdirected' }>): Result {
    switch (answer.kind) {
      case 'unavailable':
      case 'solo':
        return { kind: 'nothing' }
      case 'unknown':
        return { kind: 'told', told: { kind: 'unknown' } }
      case 'missing':
        this.#seen.delete(key)
        return { kind: 'told', told: { kind: 'missing' } }
      case 'found': {
        const value = new TextDecoder().decode(answer.document.body)
        const { etag } = answer.document
        const [first, second] = documentsOf(key)
        const document = second !== undefined && this.#values.has(second + etag) ? second : first
        this.#learn(key, { document, etag, value })
        return { kind: 'told', told: { kind: 'found', value } }
      }
      case 'outcome':
        return this.#outcome(key, ask, answer.outcome)
    }
  }

  #outcome(key: string, ask: Ask, outcome: WriteOutcome): Result {
    const [first, second = first] = documentsOf(key)
    const refused = (document: string, refusal: WriteOutcome): Result => {
      if (refusal.kind === 'missing') return { kind: 'told', told: { kind: 'missing' } }
      // a document that is no JSON any more, say: no order of effects explains it
      if (refusal.kind !== 'preconditionFailed') return { kind: 'told', told: { kind: 'refused', value: refusal.kind } }
      const value = refusal.etag === null ? null : (this.#values.get(document + refusal.etag) ?? '?')
      return { kind: 'told', told: { kind: 'refused', value } }
    }
    switch (outcome.kind) {
      case 'failed':
      case 'mismatch':
      case 'outdated':
        return { kind: 'nothing' }
      case 'refused':
        return refused(outcome.op === 0 ? first : second, outcome.refusal)
      case 'replayed':
        return this.#outcome(key, ask, outcome.done)
      case 'created':
      case 'replaced':
      case 'deleted':
        if (ask.op === 'put') this.#learn(key, { document: key, etag: outcome.etag, value: ask.value })
        return { kind: 'told', told: { kind: outcome.kind } }
      case 'transacted': {
        const [etag] = outcome.etags
        if (ask.op === 'put' && typeof etag === 'string') this.#learn(key, { document: first, etag, value: ask.value })
        const kind = ask.op === 'put' ? 'written' : ask.op === 'delete' ? 'deleted' : 'replaced'
        return { kind: 'told', told: { kind } }
      }
      default:
        return refused(first, outcome)
    }
  }

  #learn(key: string, seen: Seen): void {
    this.made(seen.document, seen.etag, seen.value)
    this.#seen.set(key, seen)
  }

  /** An ETag is never used again for other bytes of the same key. */
  made(key: string, etag: string, value: string): void {
    const known = this.#values.get(key + etag)
    if (known !== undefined && known !== value) this.onConflict(`${key} ${etag} was ${known} and is ${value}`)
    this.#values.set(key + etag, value)
  }
}

/** Half of the writes are sent again under a key of their router's, half are given up as unknown. */
const minted = (id: number, ask: Ask): Idempotency | null =>
  ask.op === 'get' || id % 2 === 0 ? null : { kind: 'minted', scope: `m${id}`, mintedAt: id }

function sleep(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, ms)
  return promise
}
