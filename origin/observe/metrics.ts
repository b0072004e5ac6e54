// /metrics: what a scrape reads is gathered when it is scraped; between scrapes there are only the counters of Traffic
// and Writes.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { SHARDS } from '../../router/words.ts'
import type { status } from '../status.ts'
import type { Buckets } from './buckets.ts'
import { CLASSES, cell, METHODS, SERVED, type Traffic } from './traffic.ts'
import type { Writes } from './writes.ts'

type Status = ReturnType<typeof status>

export type MetricsParts = {
  readonly status: () => Status
  readonly traffic: Traffic
  readonly writes: Writes
  /** changes of the record that this origin has seen, by kind */
  readonly changes: () => ReadonlyMap<string, number>
}

/** Only one collector of process metrics may be made in a process: it observes garbage collection and the event loop. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #parts: MetricsParts
  readonly #registry = new Registry()
  readonly #gauges = new Map<string, Gauge>()
  readonly #requests: Counter
  readonly #retries: Counter
  readonly #rebuilds: Counter
  readonly #changes: Counter

  constructor(parts: MetricsParts) {
    this.#parts = parts
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = new Counter({
      name: 'tandem_requests_total',
      help: 'Requests for documents that the router of this origin answered; served says by whom.',
      labelNames: ['method', 'status', 'served'],
      registers,
    })
    this.#retries = new Counter({
      name: 'tandem_request_retries_total',
      help: 'Attempts beyond the first of each request.',
      registers,
    })
    this.#changes = new Counter({
      name: 'tandem_record_changes_total',
      help: 'Changes of the record that this origin has seen: takeovers, handovers, rejoins.',
      labelNames: ['kind'],
      registers,
    })
    this.#rebuilds = new Counter({
      name: 'tandem_queue_rebuilds_total',
      help: 'Times that a worker or queue without progress was built anew.',
      registers,
    })
  }

  async text(): Promise<string> {
    const { traffic, writes } = this.#parts
    this.#gather(this.#parts.status())
    const own = await this.#registry.metrics()
    return [
      own,
      histogram(
        'tandem_request_duration_seconds',
        'From a request to its answer, parking included.',
        SERVED.map(served => [`served="${served}"`, traffic.seconds[served]]),
      ),
      histogram('tandem_parked_seconds', 'How long requests waited for a primary.', [['', traffic.parkedSeconds]]),
      histogram('tandem_group_writes', 'Writes that shared a transaction.', bySharded(writes.sizes)),
      histogram(
        'tandem_commit_wait_seconds',
        "From this disk to the acknowledgement of the other origin's.",
        bySharded(writes.waits),
      ),
    ].join('\n')
  }

  #gather(now: Status): void {
    const { traffic } = this.#parts
    this.#requests.reset()
    for (const [m, method] of METHODS.entries())
      for (const [c, klass] of CLASSES.entries())
        for (const [s, served] of SERVED.entries()) {
          const count = traffic.answers[cell(m, c, s)] ?? 0
          if (count > 0) this.#requests.inc({ method, status: klass, served }, count)
        }
    this.#retries.reset()
    this.#retries.inc(traffic.retries)
    this.#rebuilds.reset()
    this.#rebuilds.inc(now.redis.rebuilds)
    const view = traffic.view()
    this.#set('tandem_build_info', 'The running version.', 1, { version: now.version, origin: now.name })
    this.#set('tandem_parked_requests', 'Requests that wait for a primary now.', view.parkedNow)
    this.#set('tandem_epoch', "Number of the pair's configuration.", now.epoch ?? 0)
    this.#set('tandem_members', 'Stores that hold every acknowledged write.', now.members.length)
    this.#set('tandem_can_lose_a_host', '1 where either host may be lost now.', Number(now.canLoseAHost))
    for (const state of ['serving', 'rejoining', 'draining', 'fenced', 'isolated'] as const)
      this.#set('tandem_state', '1 for the state that this origin is in.', Number(now.state === state), { state })
    this.#set('tandem_peer_reachable', '1 while the link to the other origin is up.', Number(now.peer.reachable))
    if (now.peer.rttMs !== null)
      this.#set('tandem_link_round_trip_seconds', 'Newest round trip on the link.', now.peer.rttMs / 1000)
    for (const lane of ['queue', 'direct'] as const)
      this.#set('tandem_lane', '1 for the lane that entries take.', Number(now.lane === lane), { lane })
    for (const shard of now.shards) {
      const labels = { shard: shard.shard }
      this.#set('tandem_primary', '1 where this origin is primary.', Number(shard.role === 'primary'), labels)
      this.#set('tandem_serving', '1 where this origin serves the shard.', Number(shard.serving), labels)
      this.#set(
        'tandem_lease_remaining_seconds',
        'Lease left, 0 without one.',
        (shard.lease?.remainingMs ?? 0) / 1000,
        labels,
      )
      this.#set('tandem_committed_index', 'Newest committed entry.', shard.committed.index, labels)
      this.#set('tandem_applied_index', 'Newest entry on this disk.', shard.applied.index, labels)
      this.#set('tandem_replication_lag_entries', 'Entries that the standby lacks.', shard.lag.entries, labels)
      this.#set('tandem_replication_lag_bytes', 'Size of the entries that the standby lacks.', shard.lag.bytes, labels)
      this.#set(
        'tandem_replication_lag_seconds',
        'Age of the oldest entry that the standby lacks.',
        shard.lag.ms / 1000,
        labels,
      )
      this.#set('tandem_quarantined_entries', 'Entries set aside since the start.', shard.quarantined, labels)
    }
    for (const { address, held } of now.addresses)
      this.#set('tandem_floating_address_held', '1 where this host has the address on a card.', Number(held), {
        address,
      })
    this.#set('tandem_registers_reachable', 'Registers of three that answer.', now.registers.reachable)
    this.#set('tandem_queue_connected', '1 while the queue Redis answers.', Number(now.redis.master !== null))
    this.#set('tandem_queue_replicas', 'Replicas of the queue Redis.', now.redis.replicas)
    this.#set('tandem_queue_sentinels', 'Sentinels that watch the queue Redis.', now.redis.sentinels)
    this.#set('tandem_queue_sentinels_reachable', 'Sentinels that answer.', now.redis.answering.sentinels)
    for (const [register, word] of Object.entries(now.registers.each))
      this.#set('tandem_register_votes', '1 where the register has its vote.', Number(word === 'votes'), { register })
    this.#changes.reset()
    for (const [kind, count] of this.#parts.changes()) this.#changes.inc({ kind }, count)
    this.#set('tandem_queue_worker_idle_seconds', 'Since the worker last made progress.', now.redis.workerIdleMs / 1000)
  }

  #set(name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    let gauge = this.#gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] })
      this.#gauges.set(name, gauge)
    }
    gauge.set(labels, value)
  }
}

const bySharded = (of: Readonly<Record<'s0' | 's1', Buckets>>): [string, Buckets][] =>
  SHARDS.map(shard => [`shard="${shard}"`, of[shard]])

/** prom-client's own histogram would hash its labels with each observation. */
function histogram(name: string, help: string, series: readonly (readonly [string, Buckets])[]): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
  for (const [labels, { bounds, counts, sum }] of series) {
    const and = labels === '' ? '' : `${labels},`
    const only = labels === '' ? '' : `{${labels}}`
    let total = 0
    for (const [at, bound] of bounds.entries()) {
      total += counts[at] ?? 0
      lines.push(`${name}_bucket{${and}le="${bound}"} ${total}`)
    }
    total += counts[bounds.length] ?? 0
    lines.push(`${name}_bucket{${and}le="+Inf"} ${total}`, `${name}_sum${only} ${sum}`, `${name}_count${only} ${total}`)
  }
  return `${lines.join('\n')}\n`
}
