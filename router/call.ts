// A request on its way through a router: as it came in, as it is sent on, and what becomes of that.
import type { PlacedResource } from './admit.ts'
import type { Target } from './aim.ts'
import type { Aimed } from './aimed.ts'
import type { Asked, Known } from './asked.ts'
import type { Body } from './body.ts'
import type { Client } from './hopbyhop.ts'
import type { ProxyError } from './journey.ts'
import type { MintedKey } from './minted.ts'
import type { ShardName } from './words.ts'

/** What answering needs of a request beside its target. A Request is one, and so is what came in frames. */
export type BareRequest = Pick<Request, 'method' | 'signal' | 'body' | 'arrayBuffer'> & {
  readonly headers: Pick<Headers, 'get' | 'has'>
}

/** One request of a client, as the runtime's adapter presents it. */
export type Inbound = {
  readonly request: Request
  /** the request target in origin form, byte for byte as it was received, or what the first router made of it */
  readonly target: string
  readonly resource: PlacedResource
  readonly shard: ShardName
  readonly body: Body
  /** true where a second run of this write would be recognised and take effect once; reads need no such thing */
  readonly once: boolean
  /** what it is recognised by, where its client gave no key of its own */
  readonly minted: MintedKey | null
  readonly rawHeaders: readonly string[]
  readonly client: Client
  readonly traceparent: string
  readonly asked: Asked
  /** by which epoch a router before this one aimed it; undefined where there is none */
  readonly aimed: Aimed | undefined
}

export type LocalCall = Pick<Inbound, 'target' | 'resource' | 'shard' | 'body' | 'minted' | 'aimed'> & {
  readonly request: BareRequest
}

export type ForwardCall = {
  readonly method: string
  readonly target: string
  /** flat list: name, value, name, value… */
  readonly headers: readonly string[]
  readonly body: Body
  readonly ask: Target
  /** the view by which it is aimed, null where there is none yet */
  readonly knows: Known | null
  /** of a write: the older of that view's epoch and of what a router before this one had */
  readonly aimed: Aimed
  /** until the answer's head must be there, connecting and queueing included */
  readonly answerMs: number
}

export type ForwardResult =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null
    }
  /** not a byte of it left this host */
  | { readonly kind: 'notSent'; readonly why: ProxyError }
  /** at least some of it was sent, and there is no answer: it may have taken effect */
  | { readonly kind: 'broken'; readonly why: ProxyError }
  /** no HTTP/1.1 request can be made of it */
  | { readonly kind: 'unforwardable' }

/** One forward under way. */
export type Forward = {
  /** Never rejects. */
  readonly result: Promise<ForwardResult>
  /** Ends it; the result follows at once. */
  abandon(): void
}
