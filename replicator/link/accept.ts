// The end that is connected to: takes upgrades from the private listener and lets only the proven peer through.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { peerOf } from '../../router/words.ts'
import type { Complaint, Complaints } from './complaints.ts'
import {
  createHandshakeReader,
  HANDSHAKE_MS_MAX,
  HandshakeError,
  helloFrom,
  helloHeaders,
  type Proven,
  receiveAnswer,
  type Self,
  sendAnswer,
} from './handshake.ts'
import { type Greeting, type Hello, newNonce, type Protocol, proofOf, proves, sessionOf } from './proof.ts'

/** The peer needs one; more at a time are strangers, or dials that it gave up. */
const HANDSHAKES_MAX = 8

export type Acceptor = {
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
  /** Ends what is still shaking hands; later upgrades are refused. */
  close(): void
}

type Refusal = { readonly complaint: Complaint; readonly status: string; readonly why: string }

export function createAcceptor(
  protocol: Protocol,
  self: Self,
  complaints: Complaints,
  onProven: (proven: Proven) => void,
): Acceptor {
  const shaking = new Set<Duplex>()
  let closed = false

  const refusalOf = (request: IncomingMessage): Refusal | Hello => {
    const refusal = (complaint: Complaint, status: string, why: string): Refusal => ({ complaint, status, why })
    if (closed) return refusal('crowd', '503 Service Unavailable', 'this origin is closing')
    if (request.url !== protocol.path)
      return refusal('request', '404 Not Found', `only ${protocol.path} can be upgraded`)
    if (!protocol.acceptors.includes(self.name)) {
      return refusal(
        'name',
        '409 Conflict',
        `this is origin ${self.name}, which dials; who dials it took it for its peer`,
      )
    }
    if (!offers(protocol, request.headers.upgrade)) {
      return refusal('version', '426 Upgrade Required', `this origin speaks ${protocol.version} only`)
    }
    const hello = helloFrom(request.headers)
    if (hello === null) return refusal('request', '400 Bad Request', 'the request does not say who asks')
    if (hello.name !== peerOf(self.name)) {
      return refusal(
        'name',
        '409 Conflict',
        `this is origin ${self.name}, its peer is ${peerOf(self.name)}, not ${hello.name}`,
      )
    }
    if (shaking.size >= HANDSHAKES_MAX)
      return refusal('crowd', '503 Service Unavailable', 'too many handshakes at a time')
    return hello
  }

  const accept = async (dialer: Hello, socket: Duplex, head: Uint8Array): Promise<Proven> => {
    const greeting: Greeting = {
      dialer,
      acceptor: { name: self.name, incarnation: self.incarnation, nonce: newNonce() },
    }
    socket.write(response('101 Switching Protocols', { ...upgraded(protocol), ...helloHeaders(greeting.acceptor) }, ''))
    const reader = createHandshakeReader()
    reader.push(head)
    const answer = await receiveAnswer(socket, reader, AbortSignal.timeout(HANDSHAKE_MS_MAX))
    if ('refused' in answer) throw new HandshakeError('refused', `the peer refused: ${answer.refused}`)
    if (!proves(protocol, answer.proof, 'dialer', self.secret, greeting)) {
      throw new HandshakeError('secret', 'it did not prove that it knows the cluster secret')
    }
    sendAnswer(socket, { proof: proofOf(protocol, 'acceptor', self.secret, greeting) })
    return { socket, reader, session: sessionOf(protocol, self.secret, greeting), peerIncarnation: dialer.incarnation }
  }

  const turnAway = (socket: Duplex, error: unknown): void => {
    if (closed) return
    const complaint = error instanceof HandshakeError ? error.complaint : 'timeout'
    const why = error instanceof Error ? error.message : String(error)
    complaints.make(complaint, { why }, 'refused a link')
    if (complaint === 'secret') sendAnswer(socket, { refused: 'the cluster secrets differ' })
    socket.end(() => socket.destroy())
  }

  return {
    onUpgrade: (request, socket, head) => {
      // Told by the 'close' that follows every error.
      socket.on('error', () => undefined)
      const hello = refusalOf(request)
      if ('why' in hello) {
        complaints.make(
          hello.complaint,
          { why: hello.why, offered: request.headers.upgrade?.slice(0, 64) },
          'refused a link',
        )
        socket.end(response(hello.status, refused(protocol), `${hello.why}\n`), () => socket.destroy())
        return
      }
      shaking.add(socket)
      accept(hello, socket, head)
        .finally(() => shaking.delete(socket))
        .then(
          proven => (closed ? socket.destroy() : onProven(proven)),
          error => turnAway(socket, error),
        )
    },
    close: () => {
      closed = true
      for (const socket of shaking) socket.destroy()
    },
  }
}

const upgraded = ({ version }: Protocol) => ({ Connection: 'Upgrade', Upgrade: version })
const refused = ({ version }: Protocol) => ({ Connection: 'close', 'Content-Type': 'text/plain', Upgrade: version })

/** RFC 9110 7.8: the client may offer several. */
const offers = ({ version }: Protocol, upgrade: string | undefined): boolean =>
  (upgrade ?? '').split(',').some(offered => offered.trim().toLowerCase() === version)

function response(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const length: Record<string, string> = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`
}
