// The acceptors over three independent Redis. Every request has one deadline, and is sent once or not at all.
import { z } from 'zod'
import { type Address, DeadlineError, type Log, type RedisLogin, within } from '../redis.ts'
import type { Accepted, AcceptorName, AcceptorReply, AcceptorRequest, Acceptors, Ballot } from './acceptor.ts'
import { RegisterConnection } from './connection.ts'
import { SCRIPTS } from './scripts.ts'
import { parseRegisterValue } from './value.ts'

const KEY = 'tandem:register'
const CALLS_KEY = 'tandem:calls'
/** Longest value: a record is some 600 bytes. */
const VALUE_BYTES_MAX = 16 * 1024
/** Under a lease (1000 ms), over the fsync of a slow disk. */
export const REGISTER_DEADLINE_MS = 400

export type RegisterSettings = {
  readonly addresses: Readonly<Record<AcceptorName, Address>>
  readonly login: RedisLogin
  readonly deadlineMs: number
  /** false only for a Redis whose votes may be lost */
  readonly requireDurable: boolean
}

const replySchema = z.union([
  z.tuple([z.literal('empty')]),
  z.tuple([z.literal('accepted')]),
  z.tuple([z.literal('admitted')]),
  z.tuple([z.literal('occupied')]),
  z.tuple([z.literal('foreign'), z.string()]),
  z.tuple([z.literal('failed'), z.string()]),
  z.tuple([z.literal('refused'), z.string(), z.string()]),
  z.tuple([z.literal('called'), z.string().regex(/^\d{0,15}$/), z.string().regex(/^\d{0,15}$/)]),
  z.tuple([z.literal('promised'), z.string(), z.string(), z.string()]),
  z.tuple([z.literal('state'), z.string(), z.string(), z.string(), z.string(), z.string(), z.string()]),
])

export function openRegisters(settings: RegisterSettings, log: Log): Acceptors {
  const { addresses, login, requireDurable, deadlineMs } = settings
  const open = (address: Address): RegisterConnection => new RegisterConnection({ address, login, requireDurable }, log)
  const connections = { a: open(addresses.a), b: open(addresses.b), w: open(addresses.w) }
  return {
    async send(acceptor, lineage, request) {
      const connection = connections[acceptor]
      const expiry = { at: performance.now() + deadlineMs }
      try {
        const args = argumentsOf(lineage, request)
        const key = request.op === 'call' ? CALLS_KEY : KEY
        return replyOf(await within(connection.run(SCRIPTS[request.op], key, args, expiry), deadlineMs, request.op))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        return { kind: 'failed', reason: error instanceof DeadlineError ? `${reason} (${connection.why()})` : reason }
      }
    },
    async close() {
      await Promise.all(Object.values(connections).map(connection => connection.close()))
    },
  }
}

function argumentsOf(lineage: string | null, request: AcceptorRequest): readonly string[] {
  if (request.op === 'read') return [lineage ?? '']
  if (request.op === 'call') return [request.by]
  if (lineage === null || lineage === '') throw new Error(`${request.op} needs a lineage`)
  const { counter, proposer } = request.ballot
  if (!Number.isSafeInteger(counter) || counter < 0 || proposer === '') throw new Error('not a ballot')
  const ballot = [lineage, String(counter), proposer]
  if (request.op === 'prepare') return ballot
  const value = JSON.stringify(request.value)
  if (Buffer.byteLength(value) > VALUE_BYTES_MAX) throw new Error('the value is too long for the register')
  return [...ballot, value]
}

function replyOf(reply: unknown): AcceptorReply {
  const parsed = replySchema.safeParse(reply)
  if (!parsed.success) throw new Error('the register answered with something else')
  const answer = parsed.data
  switch (answer[0]) {
    case 'empty':
    case 'accepted':
    case 'admitted':
    case 'occupied':
      return { kind: answer[0] }
    case 'foreign':
      return { kind: 'foreign', lineage: answer[1] }
    case 'failed':
      return { kind: 'failed', reason: answer[1] }
    case 'refused':
      return { kind: 'refused', promised: ballotOf(answer[1], answer[2]) }
    case 'called':
      return { kind: 'called', ago: { a: agoOf(answer[1]), b: agoOf(answer[2]) } }
    case 'promised':
      return { kind: 'promised', accepted: acceptedOf(answer[1], answer[2], answer[3]) }
    case 'state':
      return {
        kind: 'state',
        lineage: answer[1],
        promised: ballotOf(answer[2], answer[3]),
        accepted: acceptedOf(answer[4], answer[5], answer[6]),
      }
  }
}

const agoOf = (text: string): number | null => (text === '' ? null : Number(text))

function ballotOf(counter: string, proposer: string): Ballot {
  if (!/^\d{1,16}$/.test(counter)) throw new Error('the register holds a ballot that is not a number')
  return { counter: Number(counter), proposer }
}

const acceptedOf = (counter: string, proposer: string, value: string): Accepted => ({
  ballot: ballotOf(counter, proposer),
  value: parseRegisterValue(value),
})
