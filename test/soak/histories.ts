// All that clients were told, as histories that test/sim/history.ts judges.
import { type Call, linearizable } from '../sim/history.ts'

/** `refusedBy`: the ETag that a refusal named; which value that was may be learnt later. */
export type Recorded = Call & { via: string; refusedBy?: string | null }

export type Judgement = {
  /** what no order of effects explains, per key */
  readonly not: readonly string[]
  /** keys whose history was too hard to judge */
  readonly gaveUp: number
  readonly calls: number
}

export class Histories {
  readonly #calls = new Map<string, Recorded[]>()
  readonly #values = new Map<string, string>()
  readonly #seen = new Map<string, { readonly etag: string; readonly value: string }>()
  /** told of an ETag that stood for two values */
  readonly #wrong: (what: string) => void

  constructor(wrong: (what: string) => void) {
    this.#wrong = wrong
  }

  get keys(): Iterable<string> {
    return this.#calls.keys()
  }

  seen(key: string): { readonly etag: string; readonly value: string } | undefined {
    return this.#seen.get(key)
  }

  /** A write counts from before it leaves: it may take effect while its answer is still on its way. */
  begin(call: Recorded): void {
    const calls = this.#calls.get(call.key) ?? []
    this.#calls.set(call.key, calls)
    if (call.ask.op !== 'get') calls.push(call)
  }

  /** A read that was answered: before that it says nothing. */
  answered(read: Recorded): void {
    this.#calls.get(read.key)?.push(read)
  }

  /** It is certain that it took no effect and never will. */
  forget(write: Recorded): void {
    const calls = this.#calls.get(write.key)
    calls?.splice(calls.lastIndexOf(write), 1)
  }

  /** An ETag is never used again for other bytes of the same key. */
  learn(key: string, etag: string, value: string): void {
    const known = this.#values.get(key + etag)
    if (known !== undefined && known !== value) this.#wrong(`${key} ${etag} was ${known} and is ${value}`)
    this.#values.set(key + etag, value)
    this.#seen.set(key, { etag, value })
  }

  judge(prefix: string): Judgement {
    const not: string[] = []
    let gaveUp = 0
    let count = 0
    for (const [key, calls] of this.#calls) {
      if (!key.startsWith(prefix)) continue
      count += calls.length
      const verdict = linearizable(
        key,
        calls.map(call => this.#resolved(call)),
      )
      if (verdict.kind === 'gaveUp') gaveUp++
      if (verdict.kind === 'not') not.push(`${key}:\n${verdict.calls.map(line).join('\n')}`)
    }
    return { not, gaveUp, calls: count }
  }

  /** By now the value behind an ETag is known, unless the write that made it was never answered. */
  #resolved(call: Recorded): Call {
    if (call.refusedBy === undefined) return call
    const value = call.refusedBy === null ? null : this.#values.get(call.key + call.refusedBy)
    if (call.ask.op !== 'get') return { ...call, told: { kind: 'refused', value } }
    return { ...call, told: value === undefined || value === null ? { kind: 'unknown' } : { kind: 'found', value } }
  }
}

const line = (call: Call): string =>
  `  ${call.invoked.toFixed(1)}..${call.returned.toFixed(1)} #${call.id} ${call.client} ${JSON.stringify(call.ask)} → ${JSON.stringify(call.told)}`
