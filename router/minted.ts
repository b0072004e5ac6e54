// The keys that a router gives to writes that have none, so that its own second try takes effect once. Only a body that
// is held in memory can be sent twice: streams get no key. A client never sees one, and cannot forge one.

import { uuidv7 } from './uuid.ts'

export type MintedKey = {
  /** `m`, 12 hex digits of the time, the router's id, a number: unique, and in the order of time */
  readonly scope: string
  /** wall-clock milliseconds of the router */
  readonly mintedAt: number
}

/** On a forwarded write: scope, dot, HMAC of the scope under the cluster secret. */
export const MINTED_KEY_HEADER = 'tandem-minted-key'

/** Proves to an origin that a router of this cluster minted a key. Each runtime has its own way to an HMAC. */
export interface Seal {
  seal(scope: string): string | Promise<string>
  /** whether `proof` is what `seal` gives for the scope */
  holds(scope: string, proof: string): boolean | Promise<boolean>
}

/** 48 bits of milliseconds. */
const TIME_DIGITS = 12
const ROUTER = /^[A-Za-z0-9_-]{8,64}$/
const SCOPE = /^m([0-9a-f]{12})-[A-Za-z0-9_-]{8,64}-[0-9a-z]{1,11}$/

export class Minter {
  readonly #suffix: string
  readonly #now: () => number
  #count = 0
  #at = 0
  #prefix = ''

  /**
   * @param router never used by another life of any router
   * @param now wall-clock milliseconds
   */
  constructor(router: string, now: () => number) {
    if (!ROUTER.test(router)) throw new RangeError(`${JSON.stringify(router)} cannot be part of a key`)
    this.#suffix = `-${router}-`
    this.#now = now
  }

  /** An id for a document whose client leaves it to the service: unique, in the order of time. */
  newId(): string {
    return uuidv7(this.#now())
  }

  mint(): MintedKey {
    const mintedAt = Math.floor(this.#now())
    if (mintedAt !== this.#at) {
      this.#at = mintedAt
      this.#prefix = `m${mintedAt.toString(16).padStart(TIME_DIGITS, '0')}${this.#suffix}`
    }
    return { scope: this.#prefix + (this.#count++).toString(36), mintedAt }
  }
}

export async function sealed({ scope }: MintedKey, seal: Seal): Promise<string> {
  return `${scope}.${await seal.seal(scope)}`
}

/** Null where the header is no key of a router of this cluster. */
export async function unsealed(header: string, seal: Seal): Promise<MintedKey | null> {
  const dot = header.indexOf('.')
  const scope = header.slice(0, Math.max(0, dot))
  const time = SCOPE.exec(scope)?.[1]
  if (time === undefined || !(await seal.holds(scope, header.slice(dot + 1)))) return null
  return { scope, mintedAt: Number.parseInt(time, 16) }
}
