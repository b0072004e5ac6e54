// The link between the two origins over HTTP Upgrade on the private listener: a dials, b accepts; one session at a time.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { OriginName } from '../../router/words.ts'
import type { Log } from '../log.ts'
import { createAcceptor } from './accept.ts'
import { redialDelayMs, SETTLED_MS } from './backoff.ts'
import { createComplaints } from './complaints.ts'
import { dial, type LinkTls } from './dial.ts'
import { HandshakeError, type Proven, type Self } from './handshake.ts'
import { LINK } from './proof.ts'
import { createSession, type Session } from './session.ts'
import type { LinkHandlers, LinkTransport } from './transport.ts'

export type LinkOptions = {
  readonly name: OriginName
  /** the peer's private listener */
  readonly peerUrl: URL
  readonly secret: string
  /** what this end shows the other, asked at each attempt; absent where the peer's URL is no https */
  readonly tls?: LinkTls | null
  readonly incarnation: string
  readonly log: Log
  readonly handlers: LinkHandlers
}

export type Link = LinkTransport & {
  /** For the private listener's owner: every upgrade of the link's path goes here. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
}

const nowMs = (): number => performance.now()

/** Begins to dial at once where this is origin a; b waits for `onUpgrade`. */
export function createLink({ name, peerUrl, secret, tls = null, incarnation, log, handlers }: LinkOptions): Link {
  const self: Self = { name, incarnation, secret }
  const complaints = createComplaints(log, nowMs)
  const closing = new AbortController()
  let current: Session | null = null

  /** Resolves when the session is over. */
  const adopt = (proven: Proven): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    current?.end('a newer session replaced it')
    current?.tell()
    const session = createSession(proven)
    current = session
    complaints.settle()
    log.info({ session: session.id, peerIncarnation: proven.peerIncarnation }, 'link is up')
    handlers.onUp(session.id)
    session.start({
      onFrame: (kind, payload) => handlers.onFrame(session.id, kind, payload),
      onOver: why => {
        if (current === session) current = null
        log.info({ session: session.id, why }, 'link is down')
        handlers.onDown(session.id, why)
        resolve()
      },
    })
    return promise
  }

  const dialled = name === 'a' ? keepDialling() : Promise.resolve()

  async function keepDialling(): Promise<void> {
    let failures = 0
    while (!closing.signal.aborted) {
      const beganMs = nowMs()
      const linked = await dialOnce()
      failures = linked && nowMs() - beganMs >= SETTLED_MS ? 0 : failures + 1
      if (closing.signal.aborted) return
      await pause(redialDelayMs(failures, Math.random()), undefined, { signal: closing.signal }).catch(ignoreAbort)
    }
  }

  /** True after a session; false where there was none. */
  async function dialOnce(): Promise<boolean> {
    try {
      const proven = await dial(LINK, self, peerUrl, tls, closing.signal)
      if (closing.signal.aborted) proven.socket.destroy()
      else await adopt(proven)
      return true
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error
      if (!closing.signal.aborted)
        complaints.make(error.complaint, { peer: peerUrl.host, why: error.message }, 'cannot link to the peer')
      return false
    }
  }

  const acceptor = createAcceptor(LINK, self, complaints, proven => void adopt(proven))

  return {
    onUpgrade: acceptor.onUpgrade,
    send: (session, kind, payload) => current?.id === session && current.send(kind, payload),
    bufferedBytes: () => current?.bufferedBytes() ?? 0,
    drop: (session, why) => {
      if (current?.id === session) current.end(why)
    },
    close: async () => {
      acceptor.close()
      closing.abort(new HandshakeError('refused', 'this origin is closing'))
      await current?.finish('this origin closed the link')
      await dialled
    },
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
