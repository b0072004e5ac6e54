// How the two ends of a link prove that they know the cluster secret without sending it: HMAC-SHA-256 over everything
// that either side said. Each end's proof has its own label, so that one can never be played back as the other.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { OriginName } from '../../router/words.ts'

export const LINK_VERSION = 'tandem-link/1'
export const NONCE_HEX_CHARS = 64
export const PROOF_HEX_CHARS = 64
const SESSION_HEX_CHARS = 32

/** What one end says about itself, in the clear. */
export type Hello = { readonly name: OriginName; readonly incarnation: string; readonly nonce: string }

export type Greeting = { readonly dialer: Hello; readonly acceptor: Hello }

export const newNonce = (): string => randomBytes(NONCE_HEX_CHARS / 2).toString('hex')

const digest = (secret: string, label: string, { dialer, acceptor }: Greeting): string =>
  createHmac('sha256', secret)
    .update(
      JSON.stringify([
        LINK_VERSION,
        label,
        ...[dialer, acceptor].flatMap(end => [end.name, end.incarnation, end.nonce]),
      ]),
    )
    .digest('hex')

export const proofOf = (end: keyof Greeting, secret: string, greeting: Greeting): string =>
  digest(secret, end, greeting)

/** Compares in constant time. */
export function proves(proof: string, end: keyof Greeting, secret: string, greeting: Greeting): boolean {
  const expected = Buffer.from(proofOf(end, secret, greeting))
  const given = Buffer.from(proof)
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

/** The same on both ends; unguessable without the secret, and new for each pair of nonces. */
export const sessionOf = (secret: string, greeting: Greeting): string =>
  digest(secret, 'session', greeting).slice(0, SESSION_HEX_CHARS)
