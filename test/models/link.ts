// The model twin of the link: two transports in memory. Frames of a session arrive whole and in order, a turn later.
import type { FrameKind, LinkHandlers, LinkTransport } from '../../replicator/link/transport.ts'
import { FRAME_BYTES_MAX } from '../../replicator/link/transport.ts'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'

export type ModelLinks = {
  readonly a: LinkTransport
  readonly b: LinkTransport
  /** The network between them: while it is cut nothing arrives, and a session ends at both. */
  cut(): void
  heal(): void
}

export type ModelLinkOptions = {
  readonly handlers: Readonly<Record<OriginName, LinkHandlers>>
  /** Runs what crosses the network, in order, later; a simulation gives its own clock. */
  readonly later?: (run: () => void) => void
}

type Session = {
  readonly id: string
  readonly open: Record<OriginName, boolean>
  /** bytes on their way from each end */
  readonly waiting: Record<OriginName, number>
  /** ends that still have to hear of its end: no session begins before all have */
  untold: number
}

export function createModelLinks({ handlers, later = run => void setImmediate(run) }: ModelLinkOptions): ModelLinks {
  let session: Session | null = null
  let sessions = 0
  let cut = false
  const closed: Record<OriginName, boolean> = { a: false, b: false }

  const connect = (): void => {
    if (session !== null || cut || closed.a || closed.b) return
    sessions += 1
    const opened: Session = { id: `model-${sessions}`, open: { a: true, b: true }, waiting: { a: 0, b: 0 }, untold: 2 }
    session = opened
    for (const name of ORIGINS) if (opened.open[name]) handlers[name].onUp(opened.id)
  }
  const over = (ended: Session, name: OriginName, why: string): void => {
    if (!ended.open[name]) return
    ended.open[name] = false
    later(() => {
      handlers[name].onDown(ended.id, why)
      ended.untold -= 1
      if (ended.untold === 0) later(connect)
    })
  }
  const end = (ended: Session, by: OriginName, why: string): void => {
    if (session === ended) session = null
    over(ended, by, why)
    // What was sent before still arrives first, as it does over TCP.
    later(() => over(ended, peerOf(by), 'the peer closed the connection'))
  }

  const transport = (name: OriginName): LinkTransport => ({
    send: (id: string, kind: FrameKind, payload: Uint8Array) => {
      if (payload.byteLength > FRAME_BYTES_MAX)
        throw new RangeError(`a frame of ${payload.byteLength} bytes is too long`)
      const used = session
      if (used?.id !== id || !used.open[name]) return false
      const copy = payload.slice()
      used.waiting[name] += copy.byteLength
      later(() => {
        used.waiting[name] -= copy.byteLength
        const peer = peerOf(name)
        if (used.open[peer] && !cut) handlers[peer].onFrame(id, kind, copy)
      })
      return true
    },
    bufferedBytes: () => (session?.open[name] ? session.waiting[name] : 0),
    drop: (id, why) => {
      if (session?.id === id && session.open[name]) end(session, name, why)
    },
    close: async () => {
      closed[name] = true
      if (session !== null) end(session, name, 'this origin closed the link')
      const { promise, resolve } = Promise.withResolvers<void>()
      later(() => later(resolve))
      await promise
    },
  })

  later(connect)
  return {
    a: transport('a'),
    b: transport('b'),
    cut: () => {
      cut = true
      const ended = session
      session = null
      if (ended !== null) for (const name of ORIGINS) over(ended, name, 'the network is cut')
    },
    heal: () => {
      cut = false
      later(connect)
    },
  }
}
