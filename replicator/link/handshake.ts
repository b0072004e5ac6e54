// The words of the handshake, shared by both ends:
//   dialer    GET of the protocol's path, Upgrade: its version, its hello in headers
//   acceptor  101 with its hello in headers, or a refusal as plain text
//   dialer    frame 0 {proof}
//   acceptor  frame 0 {proof}, or {refused}; after the proof the session's own frames may follow at once
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { OriginName } from '../../router/words.ts'
import type { Complaint } from './complaints.ts'
import { createFrameReader, encodeFrame, type FrameReader } from './frames.ts'
import { type Hello, NONCE_HEX_CHARS, PROOF_HEX_CHARS } from './proof.ts'

export const FRAME_HANDSHAKE = 0
/** Nobody is known yet: no stranger makes this end keep more than this. */
export const HANDSHAKE_BYTES_MAX = 512
/** Both hosts are one hop apart: what takes longer than this is as good as down, and is dialled again. */
export const CONNECT_MS_MAX = 500
export const HANDSHAKE_MS_MAX = 500
export const REFUSAL_CHARS_MAX = 200

/** What this end is. */
export type Self = { readonly name: OriginName; readonly incarnation: string; readonly secret: string }

/** A connection whose other end has proved itself; `reader` may hold its first frames already. */
export type Proven = {
  readonly socket: Duplex
  readonly reader: FrameReader
  readonly session: string
  readonly peerIncarnation: string
}

export class HandshakeError extends Error {
  readonly complaint: Complaint
  constructor(complaint: Complaint, message: string) {
    super(message)
    this.complaint = complaint
  }
}

export const helloHeaders = (hello: Hello): Record<string, string> => ({
  'Tandem-Link-Name': hello.name,
  'Tandem-Link-Incarnation': hello.incarnation,
  'Tandem-Link-Nonce': hello.nonce,
})

const helloSchema = z.object({
  'tandem-link-name': z.enum(['a', 'b']),
  'tandem-link-incarnation': z.string().regex(/^[\x21-\x7e]{1,64}$/),
  'tandem-link-nonce': z.string().regex(new RegExp(`^[0-9a-f]{${NONCE_HEX_CHARS}}$`)),
})

/** Null where the headers hold no hello. */
export function helloFrom(headers: IncomingHttpHeaders): Hello | null {
  const parsed = helloSchema.safeParse(headers)
  if (!parsed.success) return null
  const { 'tandem-link-name': name, 'tandem-link-incarnation': incarnation, 'tandem-link-nonce': nonce } = parsed.data
  return { name, incarnation, nonce }
}

const answerSchema = z.union([
  z.strictObject({ proof: z.string().length(PROOF_HEX_CHARS) }),
  z.strictObject({ refused: z.string().max(REFUSAL_CHARS_MAX) }),
])
export type HandshakeAnswer = z.output<typeof answerSchema>

export function sendAnswer(socket: Duplex, answer: HandshakeAnswer): void {
  for (const bytes of encodeFrame(FRAME_HANDSHAKE, Buffer.from(JSON.stringify(answer)))) socket.write(bytes)
}

export const createHandshakeReader = (): FrameReader => createFrameReader([FRAME_HANDSHAKE], HANDSHAKE_BYTES_MAX)

/**
 * The other end's handshake frame. Rejects with a HandshakeError, or with the signal's reason. Whatever follows the
 * frame stays in the reader, and the socket is paused.
 */
export function receiveAnswer(socket: Duplex, reader: FrameReader, signal: AbortSignal): Promise<HandshakeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HandshakeAnswer>()
  let settled = false
  const fail = (error: unknown): void => {
    settled = true
    reject(error)
  }
  const check = (): void => {
    if (settled) return
    const next = reader.next()
    if (next.kind === 'more') return
    const answer = next.kind === 'frame' ? parseAnswer(next.frame.payload) : null
    if (answer === null) {
      fail(new HandshakeError('protocol', next.kind === 'broken' ? next.why : 'a handshake that makes no sense'))
      return
    }
    settled = true
    socket.pause()
    resolve(answer)
  }
  const onData = (chunk: Uint8Array): void => {
    reader.push(chunk)
    check()
  }
  const onEnd = (): void =>
    fail(new HandshakeError('refused', socket.errored?.message ?? 'the peer hung up during the handshake'))
  const onAbort = (): void => fail(signal.reason)
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('close', onEnd)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  check()
  return promise.finally(() => {
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('close', onEnd)
    signal.removeEventListener('abort', onAbort)
  })
}

function parseAnswer(payload: Uint8Array): HandshakeAnswer | null {
  const parsed = jsonAnswer.safeParse(Buffer.from(payload).toString('utf8'))
  return parsed.success ? parsed.data : null
}

const jsonAnswer = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: String(error) })
      return z.NEVER
    }
  })
  .pipe(answerSchema)
