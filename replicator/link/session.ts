// One session over a proven connection: frames out, coalesced by turn of the event loop; frames in, as they come.
import { Socket } from 'node:net'
import { encodeFrame } from './frames.ts'
import type { Proven } from './handshake.ts'
import { FRAME_BYTES_MAX, FRAME_ENTRIES, FRAME_MESSAGE, type FrameKind } from './transport.ts'

/** A peer that takes nothing for so long is not alive; one frame may go beyond it. */
export const LINK_BUFFER_BYTES_MAX = 64 * 1024 * 1024
/** What was sent just before a close ("I have stopped") is worth a short wait. */
const FINISH_MS_MAX = 200

const KINDS: readonly FrameKind[] = [FRAME_MESSAGE, FRAME_ENTRIES]
const kindOf = (kind: number): FrameKind | null => KINDS.find(known => known === kind) ?? null

export type SessionHandlers = {
  readonly onFrame: (kind: FrameKind, payload: Uint8Array) => void
  /** once; never from inside `send` or `end` */
  readonly onOver: (why: string) => void
}

export type Session = {
  readonly id: string
  /** Delivers the frames that are here already, and all later ones. */
  start(handlers: SessionHandlers): void
  send(kind: FrameKind, payload: Uint8Array): boolean
  bufferedBytes(): number
  end(why: string): void
  /** Delivers the news of an end now, if it is still to come. */
  tell(): void
  /** Ends it after what was sent has gone out; resolves when the connection is closed. */
  finish(why: string): Promise<void>
}

export function createSession({ socket, reader, session: id }: Proven): Session {
  let handlers: SessionHandlers | null = null
  let over: string | null = null
  let told = false
  let corked = false

  const tell = (): void => {
    if (told || over === null || handlers === null) return
    told = true
    handlers.onOver(over)
  }
  const seal = (why: string): void => {
    over = why
    process.nextTick(tell)
  }
  const end = (why: string): void => {
    if (over !== null) return
    seal(why)
    socket.destroy()
  }
  const flush = (): void => {
    corked = false
    socket.uncork()
  }
  const drain = (): void => {
    while (over === null && handlers !== null) {
      const next = reader.next()
      if (next.kind === 'more') return
      const kind = next.kind === 'frame' ? kindOf(next.frame.kind) : null
      if (next.kind === 'broken' || kind === null) {
        end(next.kind === 'broken' ? next.why : `a frame of kind ${next.frame.kind}`)
        return
      }
      handlers.onFrame(kind, next.frame.payload)
    }
  }

  return {
    id,
    start: given => {
      handlers = given
      if (socket instanceof Socket) {
        socket.setNoDelay(true)
        // The listener's idle time-out must not end a link: liveness is judged by heartbeats.
        socket.setTimeout(0)
      }
      socket.on('close', () => end(socket.errored?.message ?? 'the connection was closed'))
      socket.on('end', () => end('the peer closed the connection'))
      if (socket.destroyed) end(socket.errored?.message ?? 'the connection was closed')
      reader.expect(KINDS, FRAME_BYTES_MAX)
      drain()
      socket.on('data', (chunk: Uint8Array) => {
        reader.push(chunk)
        drain()
      })
      socket.resume()
    },
    send: (kind, payload) => {
      if (payload.byteLength > FRAME_BYTES_MAX)
        throw new RangeError(`a frame of ${payload.byteLength} bytes is too long`)
      if (over !== null) return false
      if (socket.writableLength > LINK_BUFFER_BYTES_MAX) {
        end(`the peer takes nothing: ${socket.writableLength} bytes wait`)
        return false
      }
      if (!corked) {
        corked = true
        socket.cork()
        setImmediate(flush)
      }
      for (const bytes of encodeFrame(kind, payload)) socket.write(bytes)
      return true
    },
    bufferedBytes: () => (over === null ? socket.writableLength : 0),
    end,
    tell,
    finish: async why => {
      if (over === null) seal(why)
      if (socket.closed) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(() => socket.destroy(), FINISH_MS_MAX)
      socket.on('close', () => resolve())
      if (corked) flush()
      socket.end(() => socket.destroy())
      await promise
      clearTimeout(timer)
    },
  }
}
