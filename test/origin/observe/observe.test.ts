import { afterEach, describe, expect, it } from 'vitest'
import { Buckets, quantile, SECONDS } from '../../../origin/observe/buckets.ts'
import { Metrics } from '../../../origin/observe/metrics.ts'
import { causeOf, kindOf } from '../../../origin/observe/timeline.ts'
import { Traffic } from '../../../origin/observe/traffic.ts'
import { Writes } from '../../../origin/observe/writes.ts'
import type { PairRecord, Reign } from '../../../replicator/register/record.ts'
import { Journey } from '../../../router/journey.ts'
import type { OriginName } from '../../../router/words.ts'
import { statusForMetrics } from './scraped.ts'

let clock = 0
let traffic = new Traffic(
  () => clock,
  () => 0,
)
afterEach(() => {
  traffic.close()
  clock = 0
  traffic = new Traffic(
    () => clock,
    () => 3,
  )
})

function answered(method: string, status: number, ms: number, over: Partial<Journey> = {}): void {
  const journey = Object.assign(new Journey(clock), { attempts: 1 }, over)
  clock += ms
  traffic.observed(method, status, journey)
}

describe('buckets', () => {
  it('count what is on a bound below it, and what is above all', () => {
    const buckets = new Buckets([1, 2])
    for (const value of [0.5, 1, 1.5, 2, 9]) buckets.observe(value)
    expect([...buckets.counts]).toEqual([2, 2, 1])
    expect(buckets.sum).toBe(14)
  })

  it('tell quantiles within a bucket', () => {
    expect(quantile([1, 2], [0, 0, 0], 0.5)).toBeNull()
    expect(quantile([1, 2], [10, 0, 0], 0.5)).toBeCloseTo(0.5)
    expect(quantile([1, 2], [50, 50, 0], 0.99)).toBeCloseTo(1.98)
    expect(quantile([1, 2], [0, 0, 5], 0.5)).toBe(2)
  })
})

describe('traffic', () => {
  it('shows rates and latency of the last seconds, totals since the start', () => {
    for (let second = 0; second < 20; second++) {
      for (let n = 0; n < 10; n++) answered('GET', n === 0 ? 503 : 200, 2, { nextHop: n < 5 ? 'b' : null })
      traffic.tick()
    }
    answered('PUT', 200, 1500, { attempts: 3, parkedMs: 1400 })
    const view = traffic.view()
    expect(view).toMatchObject({ perSecond: 10, errors: 20, retries: 2, parked: 1, total: 201 })
    expect(view.p50Ms).toBeGreaterThan(1)
    expect(view.p99Ms).toBeLessThan(2.5)
    expect(view.answered).toEqual({ here: 50, peer: 50 })
    expect(view.plot).toHaveLength(2)
    expect(view.plot[0]?.perSecond).toBe(10)
  })

  it('keeps a quarter of an hour', () => {
    for (let second = 0; second < 2000; second++) {
      if (second >= 1900) answered('GET', 200, 1)
      traffic.tick()
    }
    const { plot } = traffic.view()
    expect(plot).toHaveLength(90)
    expect(plot.filter(point => point.perSecond === 1)).toHaveLength(10)
  })
})

const reign = (name: OriginName, pinned = false): Reign => ({ name, incarnation: `${name}-1`, since: 1, pinned })
const record = (over: Partial<PairRecord>): PairRecord => ({
  lineage: 'l',
  epoch: 2,
  members: [{ name: 'b', store: 'B' }],
  primaries: { s0: reign('a'), s1: reign('b') },
  by: { name: 'b', incarnation: 'b-1' },
  why: 'takeover',
  ...over,
})

describe('timeline', () => {
  const before = record({ epoch: 1 })
  it('says who did what, and why', () => {
    const took = record({ why: 'solo', primaries: { s0: reign('b'), s1: reign('b') } })
    expect(kindOf(took, before)).toBe('takeover')
    expect(causeOf(took, before)).toBe('a did not answer: b took over s0 and is alone')
    expect(kindOf(record({ why: 'solo' }), before)).toBe('solo')
    expect(causeOf(record({ why: 'solo' }), before)).toBe('a did not acknowledge in time: b goes on alone')
    expect(causeOf(record({ why: 'add' }), before)).toBe('a has caught up and is a member again')
    const handed = record({ why: 'handover', primaries: { s0: reign('a'), s1: reign('a', true) } })
    expect(causeOf(handed, before)).toBe('b handed s1 to a (by hand)')
    expect(causeOf(took, null)).toBe('read from the register; b made it (solo)')
  })
})

describe('metrics', () => {
  it('are what Prometheus reads: names with units, totals, cumulative buckets', async () => {
    const writes = new Writes()
    writes.observed('s0', 3, 4)
    answered('GET', 200, 2)
    answered('BREW', 404, 2, { nextHop: 'b' })
    answered('PUT', 503, 9000, { attempts: 0, parkedMs: 9000 })
    const metrics = new Metrics({
      status: statusForMetrics,
      traffic,
      writes,
      changes: () => new Map([['takeover', 2]]),
    })
    await metrics.text()
    const text = await metrics.text()
    for (const line of [
      'tandem_requests_total{method="GET",status="2xx",served="here"} 1',
      'tandem_requests_total{method="other",status="4xx",served="peer"} 1',
      'tandem_requests_total{method="PUT",status="5xx",served="none"} 1',
      'tandem_queue_rebuilds_total 2',
      'tandem_epoch 7',
      'tandem_state{state="serving"} 1',
      'tandem_replication_lag_seconds{shard="s1"} 0.03',
      'tandem_lease_remaining_seconds{shard="s0"} 0.5',
      'tandem_registers_reachable 2',
      'tandem_register_votes{register="w"} 0',
      'tandem_queue_sentinels_reachable 2',
      'tandem_replication_lag_bytes{shard="s0"} 700',
      'tandem_record_changes_total{kind="takeover"} 2',
      'tandem_lane{lane="direct"} 1',
      'tandem_floating_address_held{address="192.0.2.21"} 1',
      'tandem_floating_address_held{address="192.0.2.22"} 0',
      'tandem_group_writes_bucket{shard="s0",le="2"} 0',
      'tandem_group_writes_bucket{shard="s0",le="4"} 1',
      'tandem_group_writes_bucket{shard="s0",le="+Inf"} 1',
      'tandem_commit_wait_seconds_sum{shard="s0"} 0.004',
      'tandem_parked_seconds_count 1',
      'tandem_parked_seconds_bucket{le="10"} 1',
    ])
      expect(text.split('\n')).toContain(line)
    expect(text).toContain('process_resident_memory_bytes')
    const names = [...text.matchAll(/^# TYPE (tandem_\S+) (\S+)$/gm)].map(match => [match[1], match[2]])
    expect(new Set(names.map(([name]) => name)).size).toBe(names.length)
    for (const [name, type] of names) expect(name?.endsWith('_total'), `${name} is a ${type}`).toBe(type === 'counter')
    // every sample is a number, in a line of its own
    for (const line of text.split('\n').filter(each => each !== '' && !each.startsWith('#')))
      expect(line).toMatch(/^[a-z0-9_]+(\{[^{}]*\})? (-?[\d.e+-]+|NaN|Nan|\+Inf)$/)
    expect(SECONDS.every((bound, at) => at === 0 || bound > (SECONDS[at - 1] ?? 0))).toBe(true)
  })
})
