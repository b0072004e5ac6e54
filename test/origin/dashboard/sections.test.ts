import { describe, expect, it } from 'vitest'
import type { Accounts } from '../../../origin/dashboard/accounts.ts'
import { consequences, parseAction } from '../../../origin/dashboard/actions.ts'
import type { Overview } from '../../../origin/dashboard/overview.ts'
import { advice, pairState, reasons } from '../../../origin/dashboard/pairstate.ts'
import { drawn, SECTIONS } from '../../../origin/dashboard/sections.ts'
import { accountOf } from './inside.ts'

const alone = ['a']
const losable = { canLoseAHost: false, why: ['only one copy is a member'] }
const serving = (one: Overview, on: boolean): Overview => ({
  ...one,
  status: { ...one.status, shards: one.status.shards.map(shard => ({ ...shard, serving: on })) },
})
const soleA = serving(accountOf('a', { members: alone, ...losable }), true)
const returning = serving(
  accountOf('b', { members: alone, state: 'rejoining', canLoseAHost: false, why: ['behind'] }),
  false,
)

describe('the state of the pair', () => {
  it.each<[string, Overview, Overview | null]>([
    ['whole', accountOf('a'), accountOf('b')],
    ['solo', soleA, null],
    ['rejoining', soleA, returning],
    ['blocked', accountOf('a', losable), null],
    ['blocked', serving(accountOf('a', losable), false), serving(accountOf('b', losable), false)],
    ['unsettled', accountOf('a', losable), accountOf('b')],
  ])('is %s', (state, own, peer) => {
    expect(pairState({ own, peer })).toBe(state)
    if (state === 'whole') return
    expect(reasons({ own, peer }).length).toBeGreaterThan(0)
    expect(advice({ own, peer }).length).toBeGreaterThan(0)
  })

  it('is never called whole on the word of one origin alone', () => {
    const accounts = { own: accountOf('a'), peer: null }
    expect(pairState(accounts)).not.toBe('whole')
    expect(reasons(accounts)).toEqual(["the other origin's account cannot be read"])
  })
})

describe('what to do', () => {
  const registers = (each: Record<string, string>) => ({
    registers: { reachable: Object.values(each).filter(word => word === 'votes').length, of: 3, each },
  })
  const blocked = (more: Partial<Overview['status']>): string =>
    advice({ own: serving(accountOf('b', { ...losable, ...more }), false), peer: null }).join(' ')

  it('is told by what stands in the way', () => {
    expect(blocked(registers({ a: 'empty', b: 'votes', w: 'empty' }))).toContain('registers rebuild')
    expect(blocked(registers({ a: 'silent', b: 'votes', w: 'silent' }))).toContain('two of the three registers')
    expect(blocked({ members: ['a'] })).toMatch(/Bring a back.*`tandem force-primary b`/)
    expect(blocked({})).toContain('less than two seconds')
    expect(advice({ own: soleA, peer: null }).join(' ')).toMatch(/host of b.*Do not stop a/)
    expect(advice({ own: accountOf('a'), peer: accountOf('b') })).toEqual([])
    expect(advice({ own: accountOf('a', { state: 'draining' }), peer: accountOf('b') }).join()).toContain('is drained')
  })

  it('tells how long a catch-up takes', () => {
    const shards = soleA.status.shards.map(shard => ({ ...shard, role: 'primary', leftMs: 125_000 }))
    const own = { ...soleA, status: { ...soleA.status, shards } }
    expect(advice({ own, peer: returning })[0]).toContain('about 2 min are left')
  })
})

describe('the sections', () => {
  const text = async (accounts: Accounts, id: string): Promise<string> => String(await drawn(accounts).get(id))

  it('are all drawn, with and without the other origin', () => {
    for (const peer of [accountOf('b'), null])
      expect([...drawn({ own: accountOf('a'), peer }).keys()].sort()).toEqual(SECTIONS.map(({ id }) => id).sort())
  })

  it('show a catch-up with its progress', async () => {
    const lag = { entries: 1200, bytes: 3_400_000, ms: 21_000 }
    const shards = soleA.status.shards.map(shard => ({
      ...shard,
      role: 'primary',
      rejoin: 'live',
      progress: 42,
      leftMs: 12_000,
      lag,
    }))
    const own = { ...soleA, status: { ...soleA.status, shards } }
    const html = await text({ own, peer: returning }, 'replication')
    expect(html).toContain('<progress max="100" value="42"')
    expect(html).toContain('42 %, about 12 s left')
    expect(html).toContain('1,200 entries, 3.4 MB, 21.0 s')
  })

  it('show who holds which floating address beside who serves, and in red what cannot stay so', async () => {
    const holds = (name: 'a' | 'b', a: boolean, b: boolean, more: Partial<Overview['status']> = {}): Overview => {
      const addresses = [
        { address: '192.0.2.21', home: 'a' as const, held: a },
        { address: '192.0.2.22', home: 'b' as const, held: b },
      ]
      return accountOf(name, { addresses, ...more })
    }
    const shown = (own: Overview, peer: Overview) => text({ own, peer }, 'hosts')
    const home = await shown(holds('a', true, false), holds('b', false, true))
    expect(home).toContain('holds 192.0.2.21<')
    expect(home).not.toContain('<p class="bad">')
    const away = await shown(holds('a', true, true), holds('b', false, false))
    expect(away).toContain('holds 192.0.2.21 and 192.0.2.22 (away from home)<')
    expect(away).toContain('holds no floating address')
    expect(away).not.toContain('<p class="bad">')
    const wrong = await shown(holds('a', true, false, { state: 'fenced' }), holds('b', false, false))
    expect(wrong).toContain('<p class="bad">192.0.2.21 is held by a, which is fenced.</p>')
    expect(wrong).toContain('<p class="bad">192.0.2.22 is held by nobody')
    expect(await shown(accountOf('a'), accountOf('b'))).not.toMatch(/holds|held/)
  })

  it('escape what came from elsewhere', async () => {
    const line = {
      at: '2026-01-01T00:00:00Z',
      origin: 'b',
      actor: '<script>x</script>',
      action: 'drain',
      ok: true,
      detail: '"',
    }
    const peer = { ...accountOf('b'), audit: [line] }
    const html = await text({ own: accountOf('a'), peer }, 'audit')
    expect(html).toContain('&lt;script&gt;')
    expect(html).not.toContain('<script>')
  })

  it('tell each change once, by the origin that saw it begin', async () => {
    const turn = (durationMs: number | null) => ({
      at: 0,
      epoch: 4,
      kind: 'takeover',
      actor: 'b',
      members: ['b'],
      primaries: { s0: 'b', s1: 'b' },
      cause: 'because',
      durationMs,
    })
    const accounts = {
      own: { ...accountOf('a'), timeline: [turn(null)] },
      peer: { ...accountOf('b'), timeline: [turn(950)] },
    }
    const html = await text(accounts, 'timeline')
    expect(html.match(/because/g)).toHaveLength(1)
    expect(html).toContain('950 ms')
  })
})

describe('what will happen', () => {
  const says = (kind: string, target: string, accounts: Accounts): string => {
    const action = parseAction(kind, target)
    return action === null ? '' : consequences(action, accounts).join(' ')
  }
  const whole: Accounts = { own: accountOf('a'), peer: accountOf('b') }
  const solo: Accounts = { own: soleA, peer: null }

  it('is said of the present state', () => {
    expect(says('handover', 's0', whole)).toContain('from a to b')
    expect(says('handover', 's0', solo)).toContain('will be refused')
    expect(says('drain', 'a', whole)).toContain('hands s0 to b')
    expect(says('drain', 'a', solo)).toContain('only member')
    expect(says('resync', 'b', whole)).toContain('moved aside, not deleted')
    expect(says('ready', 'b', whole)).toContain('may be primary again')
    expect(says('erase', 'b', whole)).toBe('')
  })
})
