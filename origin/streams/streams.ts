// Requests between the two hosts as frames, on connections of their own beside the link: each origin dials the other's
// private listener, proves itself as on the link, and asks there. While the other does not offer it, pooled HTTP goes on.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { createAcceptor } from '../../replicator/link/accept.ts'
import { redialDelayMs, SETTLED_MS } from '../../replicator/link/backoff.ts'
import { createComplaints } from '../../replicator/link/complaints.ts'
import { dial, type LinkTls } from '../../replicator/link/dial.ts'
import { HandshakeError, type Proven, type Self } from '../../replicator/link/handshake.ts'
import type { Protocol } from '../../replicator/link/proof.ts'
import type { Log } from '../../replicator/log.ts'
import type { Forwarder } from '../../router/forward.node.ts'
import { Answerer, type Reception } from './answerer.ts'
import { Asker } from './asker.ts'

export const STREAMS: Protocol = { path: '/_tandem/streams', version: 'tandem-streams/1', acceptors: ['a', 'b'] }

export type StreamsOptions = Self & {
  /** the peer's private listener */
  readonly peerUrl: URL
  readonly tls: LinkTls | null
  /** takes what frames cannot: while there is no connection, and beyond its limits */
  readonly pooled: Forwarder
  readonly reception: Reception
  readonly log: Log
}

export type Streams = Forwarder & {
  /** For the private listener's owner: every upgrade of the streams' path goes here. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
}

/** Begins to dial at once. */
export function createStreams({ pooled, reception, peerUrl, tls, log, ...self }: StreamsOptions): Streams {
  const complaints = createComplaints(log, () => performance.now())
  const closing = new AbortController()
  const answerers = new Set<Answerer>()
  let asker: Asker | null = null

  const acceptor = createAcceptor(STREAMS, self, complaints, proven => {
    // the newest life of the peer is the only one
    for (const older of [...answerers]) older.end('a newer connection replaced it')
    answerers.add(new Answerer(proven, reception, over => answerers.delete(over)))
    // what it does not know of it will never answer
    if (asker !== null && asker.peerIncarnation !== proven.peerIncarnation) asker.end('the peer was started again')
  })

  const dialled = keepDialling()

  async function keepDialling(): Promise<void> {
    let failures = 0
    while (!closing.signal.aborted) {
      const beganMs = performance.now()
      const proven = await dialOnce()
      if (proven !== null) await ask(proven)
      failures = proven !== null && performance.now() - beganMs >= SETTLED_MS ? 0 : failures + 1
      if (closing.signal.aborted) return
      await pause(redialDelayMs(failures, Math.random()), undefined, { signal: closing.signal }).catch(ignoreAbort)
    }
  }

  async function dialOnce(): Promise<Proven | null> {
    try {
      return await dial(STREAMS, self, peerUrl, tls, closing.signal)
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error
      // an older peer, or none at all: neither is news, the link tells of it
      log.debug({ peer: peerUrl.host, why: error.message }, 'forwards by pooled HTTP')
      return null
    }
  }

  /** Resolves when the connection is over. */
  function ask(proven: Proven): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const mine = new Asker(proven, why => {
      if (asker === mine) asker = null
      log.info({ why }, 'forwards by pooled HTTP')
      resolve()
    })
    asker = mine
    if (closing.signal.aborted) mine.end('this origin is closing')
    else log.info({ peerIncarnation: proven.peerIncarnation }, 'forwards by frames')
    return promise
  }

  return {
    onUpgrade: acceptor.onUpgrade,
    forward: call => (asker?.hasRoom === true ? asker.forward(call) : pooled.forward(call)),
    close: async () => {
      acceptor.close()
      closing.abort(new HandshakeError('refused', 'this origin is closing'))
      asker?.end('this origin is closing')
      await Promise.all([...answerers].map(answerer => answerer.finish('this origin is closing')))
      await dialled
      await pooled.close()
    },
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
