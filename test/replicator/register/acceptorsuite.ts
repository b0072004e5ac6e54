// What every implementation of `Acceptors` must do: run on the model and on Redis alike.
import { expect, test } from 'vitest'
import {
  ACCEPTORS,
  type AcceptorName,
  type AcceptorReply,
  type Acceptors,
  type Ballot,
  compareBallots,
  MAJORITY,
} from '../../../replicator/register/acceptor.ts'
import type { RegisterValue } from '../../../replicator/register/record.ts'

/** The implementation under test, and the faults that the suite needs. */
export type Subject = {
  readonly acceptors: Acceptors
  /** a second client of the same registers */
  readonly others: Acceptors
  wipe(acceptor: AcceptorName): Promise<void>
  down(acceptor: AcceptorName): Promise<void>
  up(acceptor: AcceptorName): Promise<void>
}

export const LINEAGE = 'lineage-1'
export const ballot = (counter: number, proposer = 'p'): Ballot => ({ counter, proposer })

export function value(epoch: number, lineage = LINEAGE): RegisterValue {
  const reign = (name: 'a' | 'b') => ({ name, incarnation: `${name}-life`, since: epoch, pinned: false })
  return {
    record: {
      lineage,
      epoch,
      members: [
        { name: 'a', store: 'store-a' },
        { name: 'b', store: 'store-b' },
      ],
      primaries: { s0: reign('a'), s1: reign('b') },
      by: { name: 'a', incarnation: 'a-life' },
      why: 'first boot',
    },
    boots: { a: 'a-life' },
  }
}

export function acceptorSuite(subject: () => Subject): void {
  const empty = async (): Promise<Acceptors> => {
    for (const name of ACCEPTORS) await subject().wipe(name)
    return subject().acceptors
  }
  const admitted = async (): Promise<Acceptors> => {
    const acceptors = await empty()
    for (const name of ACCEPTORS)
      expect(await acceptors.send(name, LINEAGE, { op: 'admit', ballot: ballot(1), value: value(1) })).toEqual({
        kind: 'admitted',
      })
    return acceptors
  }

  test('an acceptor without a marker has no vote', async () => {
    const acceptors = await empty()
    expect(await acceptors.send('a', null, { op: 'read' })).toEqual({ kind: 'empty' })
    expect(await acceptors.send('a', LINEAGE, { op: 'read' })).toEqual({ kind: 'empty' })
    expect(await acceptors.send('a', LINEAGE, { op: 'prepare', ballot: ballot(1) })).toEqual({ kind: 'empty' })
    expect(await acceptors.send('a', LINEAGE, { op: 'accept', ballot: ballot(1), value: value(1) })).toEqual({
      kind: 'empty',
    })
    expect(await acceptors.send('a', null, { op: 'read' })).toEqual({ kind: 'empty' })
  })

  test('a call is remembered by register and origin, with or without a marker', async () => {
    const acceptors = await empty()
    expect(await acceptors.send('a', null, { op: 'call', by: 'a' })).toEqual({ kind: 'called', ago: { a: 0, b: null } })
    const reply = await subject().others.send('a', null, { op: 'call', by: 'b' })
    if (reply.kind !== 'called') throw new Error(reply.kind)
    expect(reply.ago.b).toBe(0)
    expect(reply.ago.a).toBeLessThan(5000)
    expect(await acceptors.send('b', null, { op: 'call', by: 'a' })).toMatchObject({ ago: { b: null } })
    expect(await acceptors.send('a', null, { op: 'read' })).toEqual({ kind: 'empty' })
  })

  test('admit gives the marker and the vote at once, and only to an empty one', async () => {
    const acceptors = await empty()
    expect(await acceptors.send('a', LINEAGE, { op: 'admit', ballot: ballot(7, 'q'), value: value(3) })).toEqual({
      kind: 'admitted',
    })
    const held: AcceptorReply = {
      kind: 'state',
      lineage: LINEAGE,
      promised: ballot(7, 'q'),
      accepted: { ballot: ballot(7, 'q'), value: value(3) },
    }
    expect(await acceptors.send('a', null, { op: 'read' })).toEqual(held)
    expect(await acceptors.send('a', LINEAGE, { op: 'admit', ballot: ballot(9), value: value(4) })).toEqual({
      kind: 'occupied',
    })
    expect(await acceptors.send('a', 'other', { op: 'admit', ballot: ballot(9), value: value(4) })).toEqual({
      kind: 'occupied',
    })
    expect(await acceptors.send('a', LINEAGE, { op: 'read' })).toEqual(held)
  })

  test('only read may be asked without a lineage', async () => {
    const acceptors = await admitted()
    expect((await acceptors.send('a', null, { op: 'prepare', ballot: ballot(5) })).kind).toBe('failed')
    expect((await acceptors.send('a', null, { op: 'accept', ballot: ballot(5), value: value(2) })).kind).toBe('failed')
    expect(await acceptors.send('a', null, { op: 'read' })).toMatchObject({ kind: 'state', promised: ballot(1) })
  })

  test('another lineage is foreign, and changes nothing', async () => {
    const acceptors = await admitted()
    const foreign: AcceptorReply = { kind: 'foreign', lineage: LINEAGE }
    expect(await acceptors.send('b', 'other', { op: 'read' })).toEqual(foreign)
    expect(await acceptors.send('b', 'other', { op: 'prepare', ballot: ballot(50) })).toEqual(foreign)
    expect(await acceptors.send('b', 'other', { op: 'accept', ballot: ballot(50), value: value(9, 'other') })).toEqual(
      foreign,
    )
    expect(await acceptors.send('b', LINEAGE, { op: 'read' })).toMatchObject({ kind: 'state', promised: ballot(1) })
  })

  test('prepare needs a strictly greater ballot; accept an equal or greater one', async () => {
    const acceptors = await admitted()
    const prepare = (b: Ballot) => acceptors.send('a', LINEAGE, { op: 'prepare', ballot: b })
    const accept = (b: Ballot, epoch: number) =>
      acceptors.send('a', LINEAGE, { op: 'accept', ballot: b, value: value(epoch) })
    const first = { ballot: ballot(1), value: value(1) }
    expect(await prepare(ballot(1))).toEqual({ kind: 'refused', promised: ballot(1) })
    expect(await prepare(ballot(2))).toEqual({ kind: 'promised', accepted: first })
    expect(await prepare(ballot(2))).toEqual({ kind: 'refused', promised: ballot(2) })
    expect(await accept(ballot(1, 'z'), 8)).toEqual({ kind: 'refused', promised: ballot(2) })
    expect(await accept(ballot(2), 2)).toEqual({ kind: 'accepted' })
    expect(await accept(ballot(2), 2)).toEqual({ kind: 'accepted' })
    expect(await prepare(ballot(2))).toEqual({ kind: 'refused', promised: ballot(2) })
    expect(await accept(ballot(5), 3)).toEqual({ kind: 'accepted' })
    expect(await prepare(ballot(4))).toEqual({ kind: 'refused', promised: ballot(5) })
    expect(await prepare(ballot(6))).toEqual({ kind: 'promised', accepted: { ballot: ballot(5), value: value(3) } })
  })

  test('ballots are ordered as compareBallots orders them, numbers before names', async () => {
    const ordered = [
      ballot(9, 'b'),
      ballot(10, 'A'),
      ballot(10, 'B'),
      ballot(10, 'a'),
      ballot(10, 'a-'),
      ballot(10, 'a1'),
      ballot(10, 'b'),
      ballot(11, 'A'),
      ballot(2 ** 53 - 2, 'a'),
      ballot(2 ** 53 - 1, 'a'),
    ]
    const acceptors = await admitted()
    for (const [index, next] of ordered.entries()) {
      const before = ordered[index - 1]
      if (before !== undefined) expect(compareBallots(before, next)).toBeLessThan(0)
      expect((await acceptors.send('w', LINEAGE, { op: 'prepare', ballot: next })).kind, JSON.stringify(next)).toBe(
        'promised',
      )
      for (const lower of ordered.slice(0, index + 1))
        expect(await acceptors.send('w', LINEAGE, { op: 'prepare', ballot: lower })).toEqual({
          kind: 'refused',
          promised: next,
        })
    }
  })

  test('the three are independent of each other', async () => {
    const acceptors = await admitted()
    expect((await acceptors.send('a', LINEAGE, { op: 'prepare', ballot: ballot(4) })).kind).toBe('promised')
    expect(await acceptors.send('b', LINEAGE, { op: 'read' })).toMatchObject({ promised: ballot(1) })
    await subject().wipe('a')
    expect(await acceptors.send('a', LINEAGE, { op: 'prepare', ballot: ballot(9) })).toEqual({ kind: 'empty' })
    expect(await acceptors.send('w', LINEAGE, { op: 'read' })).toMatchObject({ promised: ballot(1) })
  })

  test('one that is down fails, and answers again with what it had', async () => {
    const acceptors = await admitted()
    await acceptors.send('a', LINEAGE, { op: 'accept', ballot: ballot(3), value: value(2) })
    await subject().down('a')
    expect((await acceptors.send('a', LINEAGE, { op: 'prepare', ballot: ballot(4) })).kind).toBe('failed')
    expect((await acceptors.send('b', LINEAGE, { op: 'prepare', ballot: ballot(4) })).kind).toBe('promised')
    await subject().up('a')
    expect(await acceptors.send('a', LINEAGE, { op: 'read' })).toEqual({
      kind: 'state',
      lineage: LINEAGE,
      promised: ballot(3),
      accepted: { ballot: ballot(3), value: value(2) },
    })
  })

  test('two clients at once: of one ballot number only one is promised; increments are never lost', async () => {
    await admitted()
    const race = await Promise.all(
      [subject().acceptors, subject().others].flatMap(client =>
        [1, 2, 3, 4, 5].map(() => client.send('a', LINEAGE, { op: 'prepare', ballot: ballot(2, 'same') })),
      ),
    )
    expect(race.filter(reply => reply.kind === 'promised')).toHaveLength(1)
    expect(race.filter(reply => reply.kind === 'refused')).toHaveLength(9)

    const won = (
      await Promise.all([increment(subject().acceptors, 'x', 8), increment(subject().others, 'y', 8)])
    ).flat()
    expect(new Set(won).size).toBe(16)
    expect(await chosenEpoch(subject().acceptors, 'z')).toBeGreaterThanOrEqual(Math.max(...won))
  })
}

/** A plain proposer, enough to show that acceptors keep what was decided: the epochs that were decided for it. */
async function increment(client: Acceptors, proposer: string, times: number): Promise<readonly number[]> {
  const won: number[] = []
  for (let counter = 2; won.length < times; counter++) {
    if (counter > 2000) throw new Error('the two proposers never came to an end')
    const newest = await prepared(client, ballot(counter, proposer))
    if (newest === null) continue
    const epoch = newest.record.epoch + 1
    if (await accepted(client, ballot(counter, proposer), value(epoch))) won.push(epoch)
  }
  return won
}

async function prepared(client: Acceptors, at: Ballot): Promise<RegisterValue | null> {
  const replies = await Promise.all(ACCEPTORS.map(name => client.send(name, LINEAGE, { op: 'prepare', ballot: at })))
  const promises = replies.filter(reply => reply.kind === 'promised').map(reply => reply.accepted)
  if (promises.length < MAJORITY) return null
  return promises.reduce((x, y) => (compareBallots(x.ballot, y.ballot) >= 0 ? x : y)).value
}

async function accepted(client: Acceptors, at: Ballot, proposed: RegisterValue): Promise<boolean> {
  const replies = await Promise.all(
    ACCEPTORS.map(name => client.send(name, LINEAGE, { op: 'accept', ballot: at, value: proposed })),
  )
  return replies.filter(reply => reply.kind === 'accepted').length >= MAJORITY
}

async function chosenEpoch(client: Acceptors, proposer: string): Promise<number> {
  const at = ballot(1_000_000, proposer)
  const found = await prepared(client, at)
  if (found === null || !(await accepted(client, at, found))) throw new Error('nothing is decided')
  return found.record.epoch
}
