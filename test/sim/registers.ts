// Three registers: acceptors over the network that crash, are wiped, answer late or never; and who knows what they chose.
import {
  ACCEPTORS,
  type AcceptorName,
  type AcceptorReply,
  type AcceptorRequest,
  type Acceptors,
  type Ballot,
  MAJORITY,
} from '../../replicator/register/acceptor.ts'
import type { RegisterValue } from '../../replicator/register/record.ts'
import type { OriginName } from '../../router/words.ts'
import { acceptorStep, CallBook, type VoteRequest } from '../models/acceptors.ts'
import type { Life } from './life.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** As replicator/register/redisacceptor.ts has it. */
const DEADLINE_MS = 400
const CALL_MS = 0.3

type State = Parameters<typeof acceptorStep>[0]

export class Registers {
  readonly #world: World
  readonly #network: Network
  readonly #random: Random
  readonly #states = new Map<AcceptorName, State>()
  readonly #books = new Map<AcceptorName, CallBook>()
  readonly #votes = new Map<string, Set<AcceptorName>>()
  readonly down = new Set<AcceptorName>()
  /** share of requests and answers that are lost or very late */
  trouble = 0
  /** a value was accepted by a majority under one ballot: it is decided, whoever knows */
  onChosen: (value: RegisterValue, ballot: Ballot) => void = () => {}

  constructor(world: World, network: Network) {
    this.#world = world
    this.#network = network
    this.#random = world.random.fork()
  }

  state(name: AcceptorName): State {
    return this.#states.get(name) ?? null
  }

  wipe(name: AcceptorName): void {
    this.#states.delete(name)
    this.#books.delete(name)
  }

  /** All three vote. */
  get whole(): boolean {
    return this.down.size === 0 && ACCEPTORS.every(name => this.state(name) !== null)
  }

  port(life: Life): Acceptors {
    return {
      send: (acceptor, lineage, request) => this.#send(life, acceptor, lineage, request),
      close: async () => {},
    }
  }

  #send(life: Life, name: AcceptorName, lineage: string | null, request: AcceptorRequest): Promise<AcceptorReply> {
    const { promise, resolve } = Promise.withResolvers<AcceptorReply>()
    if (!life.touch()) return promise
    if (request.op === 'call') {
      this.#call(life, name, request.by, resolve)
      return promise
    }
    const random = this.#random
    const bad = (): boolean => this.trouble > 0 && random.chance(this.trouble)
    const late = (): number => (bad() ? random.between(50, 2500) : 0)
    if (request.op !== 'read') this.#world.story.tell(life.name, () => `→ register ${name}: ${describe(request)}`)
    life.later(DEADLINE_MS, () => resolve({ kind: 'failed', reason: 'no answer in time' }))
    const answer = (reply: AcceptorReply): void => {
      if (!this.#network.open(name, life.name) || bad()) return
      this.#world.at(this.#world.now + this.#network.delay() + late(), life, () => resolve(reply))
    }
    // A request that left lives on by itself: its sender may be dead when it takes effect.
    const lost = !this.#reaches(life.name, name) || bad()
    life.departs(this.#network.delay() + late(), () => {
      if (lost || this.down.has(name)) return
      const [state, reply] = acceptorStep(this.state(name), lineage, request)
      if (state !== null) this.#states.set(name, state)
      if (reply.kind === 'accepted' || reply.kind === 'admitted') this.#voted(name, request)
      if (request.op !== 'read')
        this.#world.story.tell(`reg ${name}`, () => `${describe(request)} of ${life.name}: ${reply.kind}`)
      answer(reply)
    })
    return promise
  }

  /** Never lost or late by chance: it is about minutes. */
  #call(life: Life, name: AcceptorName, by: OriginName, resolve: (reply: AcceptorReply) => void): void {
    life.later(DEADLINE_MS, () => resolve({ kind: 'failed', reason: 'no answer in time' }))
    const open = this.#reaches(life.name, name)
    life.departs(CALL_MS, () => {
      if (!open || this.down.has(name)) return
      const book = this.#books.get(name) ?? new CallBook()
      this.#books.set(name, book)
      const reply = book.call(by, this.#world.now)
      if (this.#network.open(name, life.name)) this.#world.at(this.#world.now + CALL_MS, life, () => resolve(reply))
    })
  }

  #reaches(from: OriginName, name: AcceptorName): boolean {
    return this.#network.open(from, name) && !this.#network.unregistered.has(from)
  }

  #voted(name: AcceptorName, request: VoteRequest): void {
    if (request.op !== 'accept' && request.op !== 'admit') return
    const { ballot, value } = request
    const key = `${ballot.counter}/${ballot.proposer}/${value.record.lineage}`
    const votes = this.#votes.get(key) ?? new Set()
    this.#votes.set(key, votes)
    const before = votes.size
    votes.add(name)
    if (before < MAJORITY && votes.size >= MAJORITY) this.onChosen(value, ballot)
  }
}

function describe(request: VoteRequest): string {
  if (request.op === 'read') return 'read'
  const ballot = `${request.op} ${request.ballot.counter}/${request.ballot.proposer}`
  if (request.op === 'prepare') return ballot
  const { record } = request.value
  return `${ballot} epoch ${record.epoch} ${record.why} [${record.members.map(each => each.name).join('')}]`
}
