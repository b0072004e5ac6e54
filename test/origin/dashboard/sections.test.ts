import { describe, expect, it } from 'vitest'
import { consequences, parseAction } from '../../../origin/dashboard/actions.ts'
import { type Overview, pairState, reasons } from '../../../origin/dashboard/overview.ts'
import { type Accounts, drawn, SECTIONS } from '../../../origin/dashboard/sections.ts'
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
    expect(pairState(own, peer)).toBe(state)
    if (state !== 'whole') expect(reasons(own, peer).length).toBeGreaterThan(0)
  })

  it('is never called whole on the word of one origin alone', () => {
    expect(pairState(accountOf('a'), null)).not.toBe('whole')
    expect(reasons(accountOf('a'), null)).toEqual(["the other origin's account cannot be read"])
  })
})

describe('the sections', () => {
  const text = async (accounts: Accounts, id: string): Promise<string> => String(await drawn(accounts).get(id))

  it('are all drawn, with and without the other origin', () => {
    for (const peer of [accountOf('b'), null])
      expect([...drawn({ own: accountOf('a'), peer }).keys()].sort()).toEqual(SECTIONS.map(({ id }) => id).sort())
  })

  it('show a catch-up with its progress', async () => {
    const shards = soleA.status.shards.map(shard => ({ ...shard, role: 'primary', rejoin: 'live', progress: 42 }))
    const own = { ...soleA, status: { ...soleA.status, shards } }
    expect(await text({ own, peer: returning }, 'replication')).toContain('<progress max="100" value="42"')
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
