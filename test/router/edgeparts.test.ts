// The edge's decisions one by one: whom to believe, whom to ask, when to leave an origin alone.
import { describe, expect, it } from 'vitest'
import { hostMac } from '../../origin/http/mac.ts'
import {
  CLOCK_MS_MAX,
  encodeKnown,
  type Introduction,
  introduce,
  isNews,
  parseKnown,
  recognise,
} from '../../router/asked.ts'
import { EdgeAim } from '../../router/edgeaim.ts'
import { edgeSettings } from '../../router/edgesettings.ts'
import { EdgeViews } from '../../router/edgeviews.ts'
import { Health } from '../../router/health.ts'
import { webMac } from '../../router/mac.ts'
import { RetryBudget } from '../../router/retrybudget.ts'
import { openView, viewSealer } from '../../router/signedview.ts'
import { traceOf } from '../../router/trace.ts'
import type { View } from '../../router/view.ts'
import { encodeView } from '../../router/viewheader.ts'

const SECRET = 'a-secret-for-tests'
const host = hostMac(SECRET)
const edge = webMac(SECRET)
const viewOf = (epoch: number, lineage = 'l'): View => ({ lineage, epoch, primaries: { s0: 'a', s1: 'b' } })

describe('signatures', () => {
  it('are the same on hosts and on the edge', async () => {
    for (const text of ['', 'x', 'ü\n;', 'y'.repeat(5_000)]) {
      expect(await edge.sign(text)).toBe(host.sign(text))
      expect(await edge.verify(text, host.sign(text))).toBe(true)
      expect(host.verify(text, String(await edge.sign(text)))).toBe(true)
    }
  })

  it('are refused where anything differs', async () => {
    const good = host.sign('text')
    const other = hostMac('another-secret-here').sign('text')
    for (const bad of ['', other, good.slice(1), `${good}A`, good.replace(/^./, good[0] === 'A' ? 'B' : 'A'), '=']) {
      expect(host.verify('text', bad), bad).toBe(false)
      expect(await edge.verify('text', bad), bad).toBe(false)
    }
  })
})

describe('a signed view', () => {
  const seal = viewSealer(host)
  it('is opened by who knows the secret', async () => {
    expect(await openView(seal(viewOf(7)), edge)).toEqual(viewOf(7))
    expect(await openView(seal(viewOf(8)), host)).toEqual(viewOf(8))
  })

  it('is none without its signature, or with that of other words', async () => {
    const text = encodeView(viewOf(7))
    const signature = seal(viewOf(7)).slice(text.length + 1)
    const forged = [
      text,
      `${text};`,
      `${encodeView(viewOf(8))};${signature}`,
      `${text};${host.sign(text)}`,
      '',
      ';',
      null,
    ]
    for (const one of forged) expect(await openView(one, edge), String(one)).toBeNull()
  })
})

describe('an introduction', () => {
  const told: Introduction = {
    asked: { kind: 'router', relay: false, parkMs: 250 },
    method: 'PUT',
    target: '/v1/c/x?y',
    client: '192.0.2.1',
    knows: { lineage: 'l', epoch: 3 },
    at: 1_000_000,
  }

  it('is recognised for this request, and for a while', async () => {
    const header = await introduce(told, edge)
    expect(recognise(header, told, told.at + 5, host)).toEqual(told)
    expect(recognise(header, told, told.at + CLOCK_MS_MAX + 1, host)).toBeNull()
    expect(recognise(header, told, told.at - CLOCK_MS_MAX - 1, host)).toBeNull()
    for (const other of [{ method: 'GET' }, { target: '/v1/c/z' }, { client: '10.0.0.1' }, { knows: null }]) {
      expect(recognise(header, { ...told, ...other }, told.at, host)).toBeNull()
    }
    expect(recognise(header.replace('answer', 'relay'), told, told.at, host)).toBeNull()
    expect(recognise('1;answer', told, told.at, host)).toBeNull()
  })

  it('says which view is known', () => {
    expect(parseKnown(encodeKnown(told.knows))).toEqual(told.knows)
    for (const text of [null, '', '3', '-1;l', '3;', '03;l', '3;a b']) expect(parseKnown(text)).toBeNull()
    expect(isNews(viewOf(3), null)).toBe(true)
    expect(isNews(viewOf(3), viewOf(3))).toBe(false)
    expect(isNews(viewOf(3), viewOf(4))).toBe(false)
    expect(isNews(viewOf(3), viewOf(2))).toBe(true)
    expect(isNews(viewOf(3), viewOf(9, 'other'))).toBe(true)
  })
})

describe('the view of an isolate', () => {
  it('assumes homes, then only goes forward', () => {
    const views = new EdgeViews()
    expect([views.view.primaries, views.knows]).toEqual([{ s0: 'a', s1: 'b' }, null])
    views.learn(viewOf(5), 0)
    views.learn(viewOf(4), 1)
    expect(views.view).toEqual(viewOf(5))
  })

  it('takes another lineage once the known one is silent', () => {
    const views = new EdgeViews()
    views.learn(viewOf(50), 0)
    views.learn(viewOf(1, 'restored'), 1_000)
    expect(views.view.lineage).toBe('l')
    views.confirmed(4_000)
    views.learn(viewOf(1, 'restored'), 8_000)
    expect(views.view.lineage).toBe('l')
    views.learn(viewOf(2, 'restored'), 9_001)
    expect(views.view).toEqual(viewOf(2, 'restored'))
  })
})

describe('whom to ask', () => {
  const world = (): { health: Health; aim: EdgeAim } => {
    const health = new Health(() => 0)
    return { health, aim: new EdgeAim(health, new RetryBudget(), () => 0) }
  }

  it('the primary; after a vain attempt the other, and in turns from then on', () => {
    const { aim } = world()
    expect(aim.choose('s0', viewOf(1), null, true)).toEqual({ origin: 'a', relay: false, parkMs: 250 })
    // a was reached, so nobody need relay to it
    expect(aim.choose('s0', viewOf(1), 'a', true)).toEqual({ origin: 'b', relay: false, parkMs: 250 })
    expect(aim.choose('s0', viewOf(1), 'b', true).origin).toBe('a')
    // a stream cannot be sent again: who gets it passes it on, and parks it as long as it takes
    expect(aim.choose('s0', viewOf(1), null, false)).toEqual({ origin: 'a', relay: true, parkMs: null })
  })

  it('not the one that failed, whatever was tried, until a probe found it well', () => {
    const { health, aim } = world()
    health.failed('a', 0)
    expect(aim.choose('s0', viewOf(1), 'a', true)).toEqual({ origin: 'b', relay: true, parkMs: 250 })
    for (const tried of [null, 'a', 'b'] as const) expect(aim.choose('s0', viewOf(1), tried, true).origin).toBe('b')
    expect(health.due(50)).toEqual([])
    expect(health.due(100)).toEqual(['a'])
    // one probe at a time, and no client's request
    expect(health.due(101)).toEqual([])
    expect(aim.choose('s0', viewOf(1), null, true).origin).toBe('b')
    health.succeeded('a')
    expect(aim.choose('s0', viewOf(1), null, true).origin).toBe('a')
  })

  it('either in turn when both failed', () => {
    const { health, aim } = world()
    health.failed('a', 0)
    health.failed('b', 0)
    expect(aim.choose('s0', viewOf(1), null, true).origin).toBe('a')
    expect(aim.choose('s0', viewOf(1), 'a', true).origin).toBe('b')
  })

  it('waits longer with each failure in a row, up to a bound, never all isolates at once', () => {
    const until = (random: number): number[] => {
      const health = new Health(() => random)
      const waits: number[] = []
      for (let now = 0, n = 0; n < 8; n++) {
        health.failed('a', now)
        const from = now
        while (health.due(now).length === 0) now += 10
        waits.push(now - from)
      }
      return waits
    }
    expect(until(0)).toEqual([100, 200, 400, 800, 1500, 1500, 1500, 1500])
    expect(until(0.999).at(-1)).toBe(3_000)
  })

  it('makes so many retries and no more', () => {
    const budget = new RetryBudget()
    let made = 0
    while (budget.take(0)) made++
    expect(made).toBe(200)
    expect(budget.take(49)).toBe(false)
    expect(budget.take(100)).toBe(true)
  })
})

describe('settings', () => {
  const good = { ORIGIN_A: 'https://a.example', ORIGIN_B: 'https://b.example/', TANDEM_SECRET: SECRET }
  it('are taken', () => {
    expect(edgeSettings(good)).toMatchObject({
      kind: 'ok',
      settings: { origins: { a: 'https://a.example', b: 'https://b.example' }, parkMs: 10_000 },
    })
  })

  it('have their faults told at once, and no secret with them', () => {
    const loaded = edgeSettings({ ORIGIN_A: 'a', ORIGIN_B: 'https://b/x', TANDEM_SECRET: 'short', TANDEM_PARK_MS: 'x' })
    const faults = loaded.kind === 'faults' ? loaded.faults : []
    expect(faults.map(fault => fault.split(':')[0])).toEqual([
      'ORIGIN_A',
      'ORIGIN_B',
      'TANDEM_SECRET',
      'TANDEM_PARK_MS',
    ])
    expect(faults.join()).not.toContain('short')
  })
})

describe('a trace', () => {
  const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  it('is kept where it is valid, begun where not', () => {
    expect(traceOf(valid)).toBe(valid)
    const invalid = [
      null,
      '',
      `ff${valid.slice(2)}`,
      valid.replaceAll(/[1-9a-f]/g, '0'),
      valid.toUpperCase(),
      `${valid}x`,
    ]
    const begun = new Set(invalid.map(traceOf))
    expect(begun.size).toBe(invalid.length)
    for (const trace of begun) expect(traceOf(trace)).toBe(trace)
  })
})
