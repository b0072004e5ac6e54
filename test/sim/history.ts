// What clients asked and were told, per key, and whether one order of effects explains it all (I11).

export type Ask =
  | { readonly op: 'get' }
  /** `match`: only onto the document that holds this value; null: only where there is none; undefined: always */
  | {
      readonly op: 'put'
      readonly value: string
      readonly match: string | null | undefined
      /** true time; null is never */
      readonly expires: number | null
    }
  | { readonly op: 'delete'; readonly match: string | undefined }
  /** reads, and writes what it read with more at its end: a value is a list, as JSON */
  | { readonly op: 'append'; readonly more: string; readonly match: string | undefined }
  /** nobody's: the document that began so may be deleted, patched or not, from then on; never known */
  | { readonly op: 'expire'; readonly began: string }

export type Told =
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'created' | 'replaced' | 'deleted' }
  /** one of the first two */
  | { readonly kind: 'written' }
  /** the condition did not hold; `value` is what was there instead, undefined where that is not known */
  | { readonly kind: 'refused'; readonly value: string | null | undefined }
  /** it may have taken effect, or may yet */
  | { readonly kind: 'unknown' }

export type Call = {
  readonly id: number
  readonly key: string
  readonly client: string
  readonly ask: Ask
  readonly invoked: number
  /** infinite for an unknown outcome */
  returned: number
  told: Told
}

/** The next value of the document, or undefined where this answer could not have been given then. */
export function effect(state: string | null, ask: Ask, told: Told): string | null | undefined {
  if (told.kind === 'unknown') {
    if (ask.op === 'get') return state
    if (ask.op === 'expire') return state !== null && listOf(state)[0] === ask.began ? null : state
    const holds = ask.match === undefined || ask.match === state
    if (!holds) return state
    if (ask.op === 'append') return state === null ? state : appended(state, ask.more)
    return ask.op === 'put' ? ask.value : null
  }
  if (ask.op === 'expire') return undefined
  if (ask.op === 'get') {
    if (told.kind === 'found') return state === told.value ? state : undefined
    return told.kind === 'missing' && state === null ? state : undefined
  }
  const holds = ask.match === undefined || ask.match === state
  if (told.kind === 'refused') {
    const fits = told.value === undefined ? state !== null : state === told.value
    return !holds && fits ? state : undefined
  }
  if (told.kind === 'missing') return state === null && ask.op !== 'put' ? state : undefined
  if (ask.op === 'append')
    return told.kind === 'replaced' && state !== null && holds ? appended(state, ask.more) : undefined
  if (ask.op === 'delete') return told.kind === 'deleted' && state !== null && holds ? null : undefined
  if (!holds) return undefined
  if (told.kind === 'written') return ask.value
  if (told.kind === 'created') return state === null ? ask.value : undefined
  return told.kind === 'replaced' && state !== null ? ask.value : undefined
}

/** A value is a list of what was written, one after the other. */
export const valueWith = (...list: readonly string[]): string => JSON.stringify(list)
const listOf = (value: string): readonly unknown[] => {
  const list: unknown = JSON.parse(value)
  return Array.isArray(list) ? list : []
}
/** By which write it is as it is. */
export const lastOf = (value: string): string => String(listOf(value).at(-1))
const appended = (value: string, more: string): string => JSON.stringify([...listOf(value), more])

export type Verdict =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'not'; readonly key: string; readonly calls: readonly Call[] }
  /** too many unknown outcomes to try them all */
  | { readonly kind: 'gaveUp' }

/** States that are tried before giving up. */
const NODES_MAX = 300_000

/**
 * Wing and Gong's search with Lowe's memory of what was tried. A call that is unknown may take effect at any time after
 * it was made, or never.
 */
export function linearizable(key: string, calls: readonly Call[]): Verdict {
  const sorted = [...calls].filter(call => call.told.kind !== 'unknown' || call.ask.op !== 'get')
  sorted.sort((x, y) => x.invoked - y.invoked)
  const certain = sorted.filter(call => call.told.kind !== 'unknown').length
  const done = new Uint8Array(sorted.length)
  const tried = new Set<string>()
  let nodes = 0
  /** everything before `first` is done */
  const search = (first: number, state: string | null, left: number): boolean => {
    if (left === 0) return true
    if (++nodes > NODES_MAX) return false
    let from = first
    while (done[from] === 1) from++
    const memory = `${from}:${done.subarray(from).join('')}:${state}`
    if (tried.has(memory)) return false
    tried.add(memory)
    let earliestReturn = Number.POSITIVE_INFINITY
    for (let at = from; at < sorted.length; at++) {
      const call = sorted[at]
      if (call === undefined || done[at] === 1) continue
      if (call.invoked > earliestReturn) break
      earliestReturn = Math.min(earliestReturn, call.returned)
    }
    // What is certain must be placed somewhere; an unknown call only where something needs it.
    for (const unknown of [false, true])
      for (let at = from; at < sorted.length; at++) {
        const call = sorted[at]
        if (call === undefined || done[at] === 1 || (call.told.kind === 'unknown') !== unknown) continue
        if (call.invoked > earliestReturn) break
        const next = effect(state, call.ask, call.told)
        // Without an effect an unknown call explains nothing now; later it still may.
        if (next === undefined || (unknown && next === state)) continue
        done[at] = 1
        if (search(from, next, unknown ? left : left - 1)) return true
        done[at] = 0
      }
    return false
  }
  if (search(0, null, certain)) return { kind: 'linearizable' }
  return nodes > NODES_MAX ? { kind: 'gaveUp' } : { kind: 'not', key, calls: sorted }
}
