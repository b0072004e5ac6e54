// A pair of decisions whose origin is the only member, as after the loss of the other one.

import { Pair } from '../../../replicator/core/pair.ts'
import { leaseHolds } from '../../../replicator/core/reign.ts'
import type { Settings } from '../../../replicator/core/state.ts'
import { GENESIS } from '../../../replicator/entry/position.ts'
import type { Identity } from '../../../replicator/identity.ts'
import type { PairRecord } from '../../../replicator/register/record.ts'

const reign = { name: 'a', incarnation: 'a-life', since: 2, pinned: false } as const
export const RECORD: PairRecord = {
  lineage: 'lineage',
  epoch: 5,
  members: [{ name: 'a', store: 'store-a' }],
  primaries: { s0: reign, s1: reign },
  by: { name: 'a', incarnation: 'a-life' },
  why: 'solo',
}

const IDENTITY: Identity = {
  format: 1,
  name: 'a',
  store: 'store-a',
  lineage: 'lineage',
  incarnations: ['a-life'],
  ballotCounter: 3,
  intent: null,
  epoch: 5,
  record: RECORD,
  restored: null,
  drifted: [],
  drained: false,
}

/**
 * @param changes what its identity file says otherwise
 * @param set what it is set to otherwise
 */
export function alonePair(changes: Partial<Identity> = {}, set: Partial<Settings> = {}): Pair {
  const timing = { heartbeatMs: 200, leaseMs: 1000, graceMs: 1300, stableMs: 500 }
  const settings = {
    name: 'a',
    timing,
    failback: 'auto',
    readsAsStandby: false,
    incarnation: 'a-life',
    random: () => 0.5,
    newId: () => 'id',
    ...set,
  } as const
  const pair = new Pair(settings, { ...IDENTITY, ...changes }, { s0: GENESIS, s1: GENESIS }, 0)
  pair.state.synced = true
  pair.state.record = RECORD
  return pair
}

export const serves = (pair: Pair, now: number): boolean => leaseHolds(pair.state, now)
