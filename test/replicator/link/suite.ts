// What every pair of link transports does, the real one and the model alike.
import { afterEach, describe, expect, it } from 'vitest'
import {
  FRAME_BYTES_MAX,
  FRAME_ENTRIES,
  FRAME_MESSAGE,
  type FrameKind,
  type LinkHandlers,
  type LinkTransport,
} from '../../../replicator/link/transport.ts'
import type { OriginName } from '../../../router/words.ts'
import { until } from './until.ts'

export type Pair = { readonly a: LinkTransport; readonly b: LinkTransport; stop(): Promise<void> }
export type MakePair = (handlers: Readonly<Record<OriginName, LinkHandlers>>) => Promise<Pair>

type Happening =
  | { readonly kind: 'up'; readonly session: string }
  | { readonly kind: 'down'; readonly session: string; readonly why: string }
  | { readonly kind: 'frame'; readonly session: string; readonly frame: FrameKind; readonly bytes: Buffer }

export type Recorder = { readonly handlers: LinkHandlers; readonly seen: Happening[] }

export function recorder(): Recorder {
  const seen: Happening[] = []
  const handlers: LinkHandlers = {
    onUp: session => seen.push({ kind: 'up', session }),
    onFrame: (session, frame, payload) => seen.push({ kind: 'frame', session, frame, bytes: Buffer.from(payload) }),
    onDown: (session, why) => seen.push({ kind: 'down', session, why }),
  }
  return { handlers, seen }
}

/** The session that is up at its end, or null. */
export function sessionAt({ seen }: Recorder): string | null {
  const last = seen.findLast(happening => happening.kind !== 'frame')
  return last?.kind === 'up' ? last.session : null
}

const frames = ({ seen }: Recorder) => seen.filter(happening => happening.kind === 'frame')

export function linkSuite(name: string, make: MakePair): void {
  describe(`link transport: ${name}`, () => {
    let pair: Pair | null = null
    afterEach(async () => {
      await pair?.stop()
      pair = null
    })
    const begin = async () => {
      const a = recorder()
      const b = recorder()
      const made = await make({ a: a.handlers, b: b.handlers })
      pair = made
      const session = await until('both ends are up', () => {
        const at = sessionAt(a)
        return at !== null && at === sessionAt(b) ? at : null
      })
      return { a, b, links: made, session }
    }

    it('begins a session with the same name on both ends', async () => {
      const { a, b, session } = await begin()
      expect(a.seen[0]).toEqual({ kind: 'up', session })
      expect(b.seen[0]).toEqual({ kind: 'up', session })
    })

    it('carries frames whole and in order, both ways, of any size', async () => {
      const { a, b, links, session } = await begin()
      const sizes = [0, 1, 1023, 1024, 1025, 70_000, 3, 1_000_000, 0]
      const sent = sizes.map(
        (size, at) => ({ kind: at % 2 ? FRAME_ENTRIES : FRAME_MESSAGE, bytes: Buffer.alloc(size, at) }) as const,
      )
      for (const { kind, bytes } of sent) {
        expect(links.a.send(session, kind, bytes)).toBe(true)
        expect(links.b.send(session, kind, bytes)).toBe(true)
      }
      for (const end of [a, b]) {
        await until('all frames', () => (frames(end).length >= sent.length ? true : null))
        expect(frames(end).map(frame => frame.frame)).toEqual(sent.map(frame => frame.kind))
        expect(frames(end).every((frame, at) => frame.bytes.equals(sent[at]?.bytes ?? Buffer.of(255)))).toBe(true)
        expect(frames(end).every(frame => frame.session === session)).toBe(true)
      }
      await until('nothing is buffered', () => (links.a.bufferedBytes() + links.b.bufferedBytes() === 0 ? true : null))
    })

    it.each(['a', 'b'] as const)('ends a session that %s drops, on both ends, and begins another', async dropper => {
      const { a, b, links, session } = await begin()
      links[dropper].drop(session, 'for a test')
      expect(links[dropper].send(session, FRAME_MESSAGE, Buffer.from('x'))).toBe(false)
      const mine = dropper === 'a' ? a : b
      expect(mine.seen.some(happening => happening.kind === 'down')).toBe(false)
      const next = await until('a new session', () => {
        const at = sessionAt(a)
        return at !== null && at !== session && at === sessionAt(b) ? at : null
      })
      for (const end of [a, b]) {
        const kinds = end.seen.map(happening => `${happening.kind} ${happening.session === session ? 'old' : 'new'}`)
        expect(kinds).toEqual(['up old', 'down old', 'up new'])
      }
      expect(mine.seen.find(happening => happening.kind === 'down')).toMatchObject({ why: 'for a test' })
      for (const link of [links.a, links.b]) expect(link.send(session, FRAME_MESSAGE, Buffer.from('x'))).toBe(false)
      expect(links.a.send(next, FRAME_MESSAGE, Buffer.from('y'))).toBe(true)
    })

    it('ignores a drop of a session that is over', async () => {
      const { a, links, session } = await begin()
      links.a.drop('another', 'for a test')
      expect(links.a.send(session, FRAME_MESSAGE, Buffer.from('x'))).toBe(true)
      expect(sessionAt(a)).toBe(session)
    })

    it('delivers what was sent before a close, then ends both ends once', async () => {
      const { a, b, links, session } = await begin()
      links.a.send(session, FRAME_MESSAGE, Buffer.from('I have stopped'))
      await links.a.close()
      await until('the other end is down', () => (sessionAt(b) === null ? true : null))
      expect(frames(b).map(frame => frame.bytes.toString())).toEqual(['I have stopped'])
      for (const end of [a, b]) expect(end.seen.filter(happening => happening.kind === 'down')).toHaveLength(1)
      expect(links.a.send(session, FRAME_MESSAGE, Buffer.from('x'))).toBe(false)
    })

    it('refuses a frame beyond the limit', async () => {
      const { links, session } = await begin()
      expect(() => links.a.send(session, FRAME_ENTRIES, new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow(RangeError)
    })

    it('may be answered from inside a handler', async () => {
      const a = recorder()
      const b = recorder()
      let made: Pair | null = null
      const echo: LinkHandlers = {
        ...b.handlers,
        onFrame: (session, kind, payload) => {
          b.handlers.onFrame(session, kind, payload)
          made?.b.send(session, kind, payload)
          made?.b.drop(session, 'enough')
          made?.b.send(session, kind, payload)
        },
      }
      const hello: LinkHandlers = {
        ...a.handlers,
        onUp: session => void made?.a.send(session, FRAME_MESSAGE, Buffer.from('hi')),
      }
      made = await make({ a: hello, b: echo })
      pair = made
      await until('a frame arrived', () => (frames(b).length > 0 ? true : null))
    })
  })
}
