// How the two ends of a link prove that they know the cluster secret without sending it: HMAC-SHA-256 over everything
// that either side said. Each end's proof has its own label, so that one can never be played back as the other.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { OriginName } from '../../router/words.ts'

/** What a connection is for: its own path, and a version that every proof is bound to. */
export type Protocol = {
  readonly path: string
  readonly version: string
  /** the origins that are dialled; the others dial */
  readonly acceptors: readonly OriginName[]
}

export const LINK: Protocol = { path: '/_tandem/link', version: 'tandem-link/1', acceptors: ['b'] }
export const NONCE_HEX_CHARS = 64
export const PROOF_HEX_CHARS = 64
const SESSION_HEX_CHARS = 32

/** What one end says about itself, in the clear. */
export type Hello = { readonly name: OriginName; readonly incarnation: string; readonly nonce: string }

export type Greeting = { readonly dialer: Hello; readonly acceptor: Hello }

export const newNonce = (): string => randomBytes(NONCE_HEX_CHARS / 2).toString('hex')

const digest = ({ version }: Protocol, secret: string, label: string, { dialer, acceptor }: Greeting): string =>
  createHmac('sha256', secret)
    .update(
      JSON.stringify([version, label, ...[dialer, acceptor].flatMap(end => [end.name, end.incarnation, end.nonce])]),
    )
    .digest('hex')

export const proofOf = (protocol: Protocol, end: keyof Greeting, secret: string, greeting: Greeting): string =>
  digest(protocol, secret, end, greeting)

/** Compares in constant time. */
export function proves(
  protocol: Protocol,
  proof: string,
  end: keyof Greeting,
  secret: string,
  greeting: Greeting,
): boolean {
  const expected = Buffer.from(proofOf(protocol, end, secret, greeting))
  const given = Buffer.from(proof)
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

/** The same on both ends; unguessable without the secret, and new for each pair of nonces. */
export const sessionOf = (protocol: Protocol, secret: string, greeting: Greeting): string =>
  digest(protocol, secret, 'session', greeting).slice(0, SESSION_HEX_CHARS)
