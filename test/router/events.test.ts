import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventCutter, wantsEvents } from '../../router/events.ts'

const event = fc.record({
  id: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { nil: null }),
  data: fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => JSON.stringify(text)),
})

describe('the cutter', () => {
  it('passes whole events on, wherever the chunks end, and knows the last id', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat(60)), fc.nat(30), (events, cuts, lost) => {
        const texts = events.map(({ id, data }) => `${id === null ? '' : `id: ${id}\n`}data: ${data}\n\n`)
        const bytes = new TextEncoder().encode(texts.join(''))
        const arrived = bytes.subarray(0, Math.max(0, bytes.length - lost))
        const cutter = new EventCutter()
        let passed = ''
        let from = 0
        for (const size of [...cuts, bytes.length]) {
          passed += cutter.push(arrived.subarray(from, from + size), 1000)
          from += size
        }
        const whole = texts.filter((_, n) => Buffer.byteLength(texts.slice(0, n + 1).join('')) <= arrived.length)
        expect(passed).toBe(whole.join(''))
        const last = events.slice(0, whole.length).findLast(({ id }) => id !== null)
        expect(cutter.lastId).toBe(last?.id ?? null)
      }),
      { numRuns: 500 },
    )
  })

  it('gives up what has no end', () => {
    const cutter = new EventCutter()
    expect(() => cutter.push(new TextEncoder().encode('x'.repeat(11)), 10)).toThrow(RangeError)
  })
})

it.each([
  ['text/event-stream', true],
  ['text/html, TEXT/EVENT-STREAM;q=0.9', true],
  ['*/*', false],
  ['application/json', false],
])('%s asks for events: %s', (accept, wanted) => {
  expect(wantsEvents(new Request('http://x/', { headers: { accept } }))).toBe(wanted)
})
