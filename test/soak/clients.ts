// Clients over real HTTP through both hosts, and all that they were told.
import { setTimeout as pause } from 'node:timers/promises'
import type { Ask, Told } from '../sim/history.ts'
import type { Random } from '../sim/random.ts'
import { askOver, BOUNDED, type Heard, type Patience } from './asked.ts'
import { Histories, type Judgement, type Recorded } from './histories.ts'
import type { Mix } from './schedule.ts'

type Request = {
  readonly id: number
  readonly client: string
  readonly key: string
  readonly ask: Ask
  readonly etag: string | null
  readonly idempotencyKey: string | null
  /** which host is asked first */
  readonly first: number
}

export type Wait = { readonly ms: number; readonly at: number; readonly what: string }

/** Told of every request's end: what was asked, how long it took, and what was heard. */
export type Answered = (op: Ask['op'], ms: number, told: string, via: string) => void

/** A write with a key of its client's is sent again for so long; then its outcome stays unknown. */
const AGAIN_MS = 30_000
const AGAIN_PAUSE_MS = 50
/** A client that was turned away asks again soon. */
const TURNED_AWAY_MS = 20
const WAITS_KEPT = 5
/** Of one key, when all is well again: an address does not move more often in a row. */
const READS_MAX = 3

export class Clients {
  readonly #urls: readonly string[]
  readonly #patience: Patience
  readonly #told: Answered
  readonly #token: string | null
  readonly #histories = new Histories(what => this.wrong.push(what))
  readonly #began = performance.now()
  #count = 0
  readonly #loops: Promise<void>[] = []
  #running = false
  /** what no answer may say */
  readonly wrong: string[] = []
  /** answers that say something certain */
  answered = 0
  turnedAway = 0
  unknown = 0
  waits: Wait[] = []

  constructor(
    urls: readonly string[],
    patience: Patience = BOUNDED,
    answered: Answered = () => {},
    token: string | null = null,
  ) {
    this.#urls = urls
    this.#patience = patience
    this.#told = answered
    this.#token = token
  }

  get now(): number {
    return performance.now() - this.#began
  }

  /** @param name of the collection: keys are new in each round, so a history stays short enough to be judged */
  begin(mix: Mix, name: string, random: Random): void {
    this.#running = true
    for (let client = 0; client < mix.clients; client++)
      this.#loops.push(this.#loop(mix, name, `${name}.${client}`, random.fork()))
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops.splice(0))
  }

  async #loop(mix: Mix, name: string, client: string, random: Random): Promise<void> {
    while (this.#running) {
      const key = `${name}/k${random.int(1, mix.keys)}`
      const certain = await this.#ask(client, key, mix, random)
      await pause(certain ? random.between(0, 2 * mix.thinkMs) : TURNED_AWAY_MS)
    }
  }

  #ask(client: string, key: string, mix: Mix, random: Random): Promise<boolean> {
    const id = ++this.#count
    const [ask, etag] = this.#choose(key, id, mix, random)
    const idempotencyKey = ask.op !== 'get' && random.chance(mix.keyed) ? `soak-${id}` : null
    return this.#tell({ id, client, key, ask, etag, idempotencyKey, first: random.int(0, this.#urls.length - 1) })
  }

  #choose(key: string, id: number, mix: Mix, random: Random): readonly [Ask, string | null] {
    const seen = this.#histories.seen(key)
    const value = `v${id}`
    if (random.chance(mix.reads)) return [{ op: 'get' }, random.chance(0.3) ? (seen?.etag ?? null) : null]
    const dice = random.unit()
    if (dice < 0.45) return [{ op: 'put', value, match: undefined, expires: null }, null]
    if (dice < 0.75 && seen !== undefined) return [{ op: 'put', value, match: seen.value, expires: null }, seen.etag]
    if (dice < 0.85) return [{ op: 'put', value, match: null, expires: null }, null]
    if (dice < 0.93 && seen !== undefined) return [{ op: 'delete', match: seen.value }, seen.etag]
    return [{ op: 'delete', match: undefined }, null]
  }

  /** One request, sent again where it has a key; false where it said nothing certain. */
  async #tell({ id, client, key, ask, etag, idempotencyKey, first }: Request): Promise<boolean> {
    const call: Recorded = {
      id,
      key,
      client,
      ask,
      invoked: this.now,
      returned: Number.POSITIVE_INFINITY,
      told: { kind: 'unknown' },
      via: '',
    }
    this.#histories.begin(call)
    let unsure = false
    for (let attempt = first; ; attempt++) {
      call.via = this.#urls[attempt % this.#urls.length] ?? ''
      const heard = await askOver({
        url: `${call.via}/v1/${key}`,
        ask,
        etag,
        idempotencyKey,
        patience: this.#patience,
        token: this.#token,
      })
      const known = heard.kind === 'told' && heard.told.kind !== 'unknown'
      if (idempotencyKey !== null && !known && heard.kind !== 'refused' && this.now - call.invoked < AGAIN_MS) {
        if (heard.kind === 'wrong') this.wrong.push(`${ask.op} ${key} through ${call.via}: ${heard.what}`)
        unsure ||= heard.kind !== 'nothing'
        await pause(AGAIN_PAUSE_MS)
        continue
      }
      return this.#heard(call, heard, unsure, etag)
    }
  }

  /** @param unsure an earlier attempt may yet take effect: then a refusal of this one is not the last word */
  #heard(call: Recorded, heard: Heard, unsure: boolean, asked: string | null): boolean {
    this.#waited(call, heard)
    if (heard.kind === 'wrong') {
      this.wrong.push(`${call.ask.op} ${call.key} through ${call.via}: ${heard.what}`)
      return false
    }
    if (heard.kind === 'nothing') {
      this.turnedAway++
      if (!unsure && call.ask.op !== 'get') this.#histories.forget(call)
      return false
    }
    const told = toldBy(call, heard)
    const refusal = told.kind === 'refused' || (told.kind === 'missing' && call.ask.op !== 'get')
    if (told.kind === 'unknown' || (unsure && refusal)) {
      this.unknown++
      return false
    }
    call.told = told
    call.returned = this.now
    if (heard.kind === 'refused') call.refusedBy = call.ask.op === 'get' ? (heard.etag ?? asked) : heard.etag
    if (call.ask.op === 'get') this.#histories.answered(call)
    this.answered++
    if (heard.kind === 'told' && heard.etag !== null) {
      if (told.kind === 'found') this.#histories.learn(call.key, heard.etag, told.value)
      else if (call.ask.op === 'put') this.#histories.learn(call.key, heard.etag, call.ask.value)
    }
    return true
  }

  #waited(call: Recorded, heard: Heard): void {
    const ms = this.now - call.invoked
    const told = heard.kind === 'told' ? heard.told.kind : heard.kind
    const what = `${call.ask.op} ${call.key} through ${call.via}: ${told}`
    this.#told(call.ask.op, ms, told, call.via)
    this.waits = [...this.waits, { ms, at: call.invoked, what }].sort((x, y) => y.ms - x.ms).slice(0, WAITS_KEPT)
  }

  /** Reads every key that was ever asked for through each host: what was acknowledged is there, and the same from both. */
  async readAll(prefix: string): Promise<void> {
    for (const key of this.#histories.keys) {
      if (!key.startsWith(prefix)) continue
      for (const at of this.#urls.keys())
        if (!(await this.#read(key, at)))
          this.wrong.push(`${key} cannot be read through ${this.#urls[at]} when all is well`)
    }
  }

  async #read(key: string, first: number): Promise<boolean> {
    // Where silence is no fault of the service, a broken connection is none either: the address may just have moved.
    const attempts = this.#patience.silence === 'unknown' ? READS_MAX : 1
    for (let attempt = 0; attempt < attempts; attempt++) {
      const request = { id: ++this.#count, client: 'reader', key, ask: { op: 'get' }, etag: null, first } as const
      if (await this.#tell({ ...request, idempotencyKey: null })) return true
    }
    return false
  }

  judge(prefix: string): Judgement {
    return this.#histories.judge(prefix)
  }
}

const toldBy = (call: Recorded, heard: Extract<Heard, { kind: 'told' | 'refused' }>): Told => {
  if (heard.kind === 'told') return heard.told
  return call.ask.op === 'get' ? { kind: 'found', value: '' } : { kind: 'refused', value: undefined }
}
