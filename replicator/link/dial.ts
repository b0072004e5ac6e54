// The end that connects: one attempt, from the TCP connection to a proven session.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'
import { peerOf } from '../../router/words.ts'
import {
  CONNECT_MS_MAX,
  createHandshakeReader,
  HANDSHAKE_MS_MAX,
  HandshakeError,
  helloFrom,
  helloHeaders,
  type Proven,
  REFUSAL_CHARS_MAX,
  receiveAnswer,
  type Self,
  sendAnswer,
} from './handshake.ts'
import { type Greeting, type Hello, newNonce, type Protocol, proofOf, proves, sessionOf } from './proof.ts'

export type LinkTls = () => { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined }

/** Rejects with a HandshakeError, within CONNECT_MS_MAX + HANDSHAKE_MS_MAX; or with the signal's reason. */
export async function dial(
  protocol: Protocol,
  self: Self,
  peerUrl: URL,
  tls: LinkTls | null,
  signal: AbortSignal,
): Promise<Proven> {
  const hello: Hello = { name: self.name, incarnation: self.incarnation, nonce: newNonce() }
  const attempt = new AbortController()
  const onAbort = (): void => attempt.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  const request = begin(protocol, peerUrl, hello, tls)
  const stopClock = watch(request, attempt)
  try {
    const upgraded = await upgrade(request, attempt.signal)
    return await prove(protocol, self, hello, upgraded, attempt.signal)
  } finally {
    stopClock()
    signal.removeEventListener('abort', onAbort)
  }
}

function begin({ path, version }: Protocol, peerUrl: URL, hello: Hello, tls: LinkTls | null): ClientRequest {
  const request = peerUrl.protocol === 'https:' ? requestHttps : requestHttp
  const headers = { Connection: 'Upgrade', Upgrade: version, ...helloHeaders(hello) }
  return request(new URL(path, peerUrl), { agent: false, headers, ...tls?.() })
}

/** Aborts the attempt when the connection, then the handshake, takes too long. */
function watch(request: ClientRequest, attempt: AbortController): () => void {
  const late = (error: HandshakeError, ms: number): NodeJS.Timeout => setTimeout(() => attempt.abort(error), ms)
  let timer = late(new HandshakeError('unreachable', `no connection within ${CONNECT_MS_MAX} ms`), CONNECT_MS_MAX)
  request.once('socket', socket =>
    socket.once('connect', () => {
      clearTimeout(timer)
      timer = late(new HandshakeError('timeout', `no handshake within ${HANDSHAKE_MS_MAX} ms`), HANDSHAKE_MS_MAX)
    }),
  )
  return () => clearTimeout(timer)
}

type Upgraded = { readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Uint8Array }

function upgrade(request: ClientRequest, signal: AbortSignal): Promise<Upgraded> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded>()
  const onAbort = (): void => {
    request.destroy()
    reject(signal.reason)
  }
  request.on('upgrade', (response, socket, head) => {
    // Told by the 'close' that follows every error.
    socket.on('error', () => undefined)
    resolve({ response, socket, head })
  })
  request.on('response', response => {
    refusalOf(response).then(reject, error => reject(new HandshakeError('unreachable', String(error))))
  })
  request.on('error', error => reject(new HandshakeError('unreachable', error.message)))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  request.end()
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}

/** An ordinary answer instead of the upgrade: its first words say why. */
async function refusalOf(response: IncomingMessage): Promise<HandshakeError> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    if (text.length >= REFUSAL_CHARS_MAX) break
  }
  const complaint = response.statusCode === 426 ? 'version' : 'refused'
  return new HandshakeError(
    complaint,
    `the peer answered ${response.statusCode}: ${text.slice(0, REFUSAL_CHARS_MAX).trim()}`,
  )
}

async function prove(
  protocol: Protocol,
  self: Self,
  dialer: Hello,
  upgraded: Upgraded,
  signal: AbortSignal,
): Promise<Proven> {
  const { response, socket, head } = upgraded
  try {
    const acceptor = helloFrom(response.headers)
    if (acceptor === null) throw new HandshakeError('protocol', 'the peer accepted without saying who it is')
    if (acceptor.name !== peerOf(self.name)) {
      throw new HandshakeError('name', `the peer says it is origin ${acceptor.name}, not ${peerOf(self.name)}`)
    }
    const greeting: Greeting = { dialer, acceptor }
    const reader = createHandshakeReader()
    reader.push(head)
    sendAnswer(socket, { proof: proofOf(protocol, 'dialer', self.secret, greeting) })
    const answer = await receiveAnswer(socket, reader, signal)
    if ('refused' in answer) throw new HandshakeError('refused', `the peer refused: ${answer.refused}`)
    if (!proves(protocol, answer.proof, 'acceptor', self.secret, greeting)) {
      throw new HandshakeError('secret', 'the peer did not prove that it knows the cluster secret')
    }
    return {
      socket,
      reader,
      session: sessionOf(protocol, self.secret, greeting),
      peerIncarnation: acceptor.incarnation,
    }
  } catch (error) {
    socket.destroy()
    throw error
  }
}
