import { Queue, Worker } from 'bullmq'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EntryJob, QueueLane } from '../../../replicator/queue/lane.ts'
import { openQueueLane } from '../../../replicator/queue/queuelane.ts'
import { eventually, type QueueSet, startQueueSet } from '../../fixtures/redisset.ts'
import { rememberingLog } from '../../fixtures/silentlog.ts'

/** A failover with all that the clients need to find the new master and to use it. */
const RECOVERY_MS = 15_000
/** Entries that are added and not yet received; the lane itself takes at most 256. */
const WINDOW = 128

let set: QueueSet
let lives = 0

/** One origin's end of the queue, with what came to it. */
function openEnd(
  self: 'a' | 'b',
  onEntry?: (job: EntryJob) => void,
  redis: QueueSet = set,
  password: string | null = null,
) {
  const log = rememberingLog()
  const received: EntryJob[] = []
  const probes: string[] = []
  const troubles: string[] = []
  const lane: QueueLane = openQueueLane(
    {
      self,
      incarnation: `incarnation-${self}-${++lives}`,
      sentinels: {
        sentinels: Object.values(redis.sentinels).map(sentinel => sentinel.address),
        name: redis.name,
        login: { user: null, password },
        sentinelLogin: { user: null, password },
      },
    },
    {
      onEntry: job => {
        received.push(job)
        onEntry?.(job)
      },
      onProbe: nonce => void probes.push(nonce),
      onTrouble: why => void troubles.push(why),
    },
    log,
  )
  return { lane, received, probes, troubles, log, incarnation: `incarnation-${self}-${lives}` }
}
type End = ReturnType<typeof openEnd>

const entry = (end: End, index: number, bytes = Buffer.from(`entry ${index}`)): EntryJob => ({
  shard: 's0',
  epoch: 3,
  index,
  incarnation: end.incarnation,
  bytes,
})

let nonces = 0
/** The queue answers: a probe of `from` comes through to `to`. */
async function answers(from: End, to: End, ms = RECOVERY_MS): Promise<number> {
  const began = performance.now()
  const sent = new Set<string>()
  let last = 0
  await eventually('a probe comes through', ms, () => {
    if (performance.now() - last > 100) {
      last = performance.now()
      const nonce = `nonce-${++nonces}`
      sent.add(nonce)
      from.lane.probe(nonce)
    }
    return to.probes.some(nonce => sent.has(nonce))
  })
  return performance.now() - began
}

/** As BullMQ does it to itself (issues 4378, 4479): the first instance of that name waits for ever, the others work. */
function wedge(prototype: object, method: string, name: string): () => void {
  const original: unknown = Reflect.get(prototype, method)
  if (typeof original !== 'function') throw new Error(`no method ${method}`)
  let victim: object | null = null
  const wedged = function (this: { readonly name: string }, ...args: readonly unknown[]): unknown {
    if (this.name === name) victim ??= this
    return this === victim ? new Promise(() => {}) : Reflect.apply(original, this, args)
  }
  Reflect.set(prototype, method, wedged)
  return () => void Reflect.set(prototype, method, original)
}

beforeAll(async () => {
  set = await startQueueSet(19_240)
}, 30_000)

afterAll(() => set.stop())

describe('the queue lane', () => {
  let a: End
  let b: End
  let refusing = false

  beforeEach(async () => {
    a = openEnd('a')
    b = openEnd('b', () => {
      if (refusing) throw new Error('refused')
    })
    await Promise.all([answers(a, b), answers(b, a)])
    a.troubles.length = 0
  }, RECOVERY_MS + 1000)

  afterEach(async () => {
    await Promise.all([a.lane.close(), b.lane.close()])
  })

  test('2000 entries come through in order, byte for byte', async () => {
    for (let index = 1; index <= 2000; index++) {
      if (index - b.received.length > WINDOW) await eventually('room', 5000, () => index - b.received.length <= WINDOW)
      a.lane.add(entry(a, index))
    }
    await eventually('all 2000 are received', 10_000, () => b.received.length >= 2000)
    expect(a.troubles).toEqual([])
    expect(b.received).toHaveLength(2000)
    for (const [at, job] of b.received.entries()) {
      expect(job).toMatchObject({ shard: 's0', epoch: 3, index: at + 1, incarnation: a.incarnation })
      expect(Buffer.from(job.bytes).toString()).toBe(`entry ${at + 1}`)
    }
    expect(a.received).toEqual([])
  }, 30_000)

  test('any bytes, empty and large ones', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const large = Buffer.alloc(3 * 1024 * 1024, 7)
    for (const [at, bytes] of [all, Buffer.alloc(0), large].entries()) a.lane.add(entry(a, at + 1, bytes))
    await eventually('all are received', 5000, () => b.received.length === 3)
    const sorted = b.received.toSorted((x, y) => x.index - y.index)
    expect([all, Buffer.alloc(0), large].every((bytes, at) => bytes.equals(sorted[at]?.bytes ?? Buffer.of(0)))).toBe(
      true,
    )
  })

  test('an entry that finds the worker waiting costs three scripts: its add, one look, its end', async () => {
    const master = await set.master()
    const scripts = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await master.ask('INFO', 'commandstats'))?.[1])
    const entries = 100
    const before = await scripts()
    for (let index = 1; index <= entries; index++) {
      a.lane.add(entry(a, index))
      await eventually('it is received', 5000, () => b.received.length === index)
    }
    // and the beats of both ends, and their looks for stalled jobs
    expect(((await scripts()) - before) / entries).toBeLessThan(3.5)
  }, 30_000)

  test('an entry that comes as the one before it ends wakes the worker', async () => {
    const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
    let longest = 0
    for (let index = 1; index <= 1000; index++) {
      const added = performance.now()
      a.lane.add(entry(a, index))
      while (b.received.length < index && performance.now() - added < RECOVERY_MS) await turn()
      const received = performance.now()
      longest = Math.max(longest, received - added)
      // at all moments of what the worker does next, which takes about a millisecond
      while (performance.now() - received < (index % 100) / 50) await turn()
    }
    // a worker that nobody wakes looks again after two seconds
    expect(longest).toBeLessThan(1000)
    expect(b.received).toHaveLength(1000)
  }, 60_000)

  test('an entry that was received, and is sent again, is received again', async () => {
    a.lane.add(entry(a, 1))
    await eventually('it is received', 5000, () => b.received.length === 1)
    await answers(a, b)
    a.lane.add(entry(a, 1))
    await eventually('it is received again', 5000, () => b.received.length === 2)
  })

  test('an entry whose job failed does not block its resend', async () => {
    refusing = true
    a.lane.add(entry(a, 1))
    const master = await set.master()
    await eventually(
      'the job has failed',
      5000,
      async () => (await master.ask('ZCARD', 'tandem:mirror-to-b:failed')) === '1',
    )
    refusing = false
    a.lane.add(entry(a, 1))
    await eventually('it is received again', 5000, () => b.received.length === 2)
    expect(await master.ask('ZCARD', 'tandem:mirror-to-b:failed')).toBe('0')
  })

  test('what is too much for it is trouble at once, and everything else arrives', async () => {
    for (let index = 1; index <= 600; index++) a.lane.add(entry(a, index))
    expect(a.troubles).toEqual([])
    await Promise.resolve()
    expect(a.troubles.length).toBeGreaterThan(0)
    const taken = 600 - a.troubles.length
    await eventually('what was taken is received', 10_000, () => b.received.length === taken)
  })

  test('a malformed job is logged and leaves, the next is handled', async () => {
    const master = await set.master()
    // As a person with redis-cli would: a job hash of BullMQ's shape, its id pushed to the waiting list.
    const key = 'tandem:mirror-to-b'
    await master.ask(
      'HSET',
      `${key}:bad-1`,
      'name',
      'entry',
      'data',
      '{"shard":"s9"}',
      'opts',
      '{}',
      'timestamp',
      '1',
      'delay',
      '0',
      'priority',
      '0',
    )
    await master.ask('LPUSH', `${key}:wait`, 'bad-1')
    a.lane.add(entry(a, 1))
    await eventually('the good one is received', 5000, () => b.received.length === 1)
    await eventually('the bad one is logged', 5000, () => b.log.lines.some(line => line.includes('malformed')))
    await eventually('nothing waits', 5000, async () => (await master.ask('LLEN', `${key}:wait`)) === '0')
    expect(await master.ask('ZCARD', `${key}:failed`)).toBe('0')
  })

  test('status names the master, its replicas, the Sentinels and the eviction policy', async () => {
    await eventually(
      'status is complete',
      6000,
      () => a.lane.status().replicas === 2 && a.lane.status().sentinels === 3,
    )
    const master = await set.master()
    expect(a.lane.status()).toMatchObject({
      master: `127.0.0.1:${master.address.port}`,
      maxmemoryPolicy: 'noeviction',
      rebuilds: 0,
    })
    expect(a.lane.status().workerIdleMs).toBeLessThan(6000)
  })

  test('work is shown as an active job with progress, then as a completed one', async () => {
    const master = await set.master()
    const key = 'tandem:rejoin-by-a'
    const field = async (name: string): Promise<string> => {
      const id =
        (await master.ask('LINDEX', `${key}:active`, '0')) ||
        (await master.ask('ZRANGE', `${key}:completed`, '-1', '-1'))
      return master.ask('HGET', `${key}:${id}`, name)
    }
    a.lane.show('rejoin of b', 's0:1', { shard: 's0' }, 10, false)
    await eventually('it is active', 5000, async () => (await field('name')) === 'rejoin of b')
    await eventually('its progress is shown', 5000, async () => {
      a.lane.show('rejoin of b', 's0:1', { shard: 's0' }, 40, false)
      return (await field('progress')) === '40'
    })
    a.lane.show('rejoin of b', 's0:1', { shard: 's0' }, 100, true)
    await eventually('it is completed', 5000, async () => (await master.ask('ZCARD', `${key}:completed`)) === '1')
    expect(await field('progress')).toBe('100')
  })

  test('kill -9 of the master: trouble, then it works again by itself', async () => {
    const master = await set.master()
    await master.kill()
    a.lane.add(entry(a, 1))
    await eventually('trouble is reported', 3000, () => a.troubles.length > 0)
    await answers(a, b)
    await answers(b, a)
    await master.startAndWait()
  }, 40_000)

  test('SIGSTOP of the master: trouble, then it works again by itself, also when the old one wakes', async () => {
    const master = await set.master()
    master.signal('SIGSTOP')
    a.lane.add(entry(a, 1))
    await eventually('trouble is reported', 3000, () => a.troubles.length > 0)
    await answers(a, b)
    await answers(b, a)
    master.signal('SIGCONT')
    await eventually('the old master is a replica', 15_000, async () =>
      (await master.ask('INFO', 'replication')).includes('role:slave'),
    )
    await answers(a, b)
  }, 60_000)

  test('SENTINEL FAILOVER: it follows', async () => {
    const before = await set.master()
    // One that has begun may be given up (-failover-abort-no-good-slave) while the replicas of the former case reconnect.
    await eventually('there is another master', 30_000, async () => {
      if ((await set.master()) !== before) return true
      await set.sentinels.a.ask('SENTINEL', 'FAILOVER', set.name)
      return false
    })
    await answers(a, b)
    await answers(b, a)
    const { port } = (await set.master()).address
    await eventually('status names the new master', 5000, () => a.lane.status().master === `127.0.0.1:${port}`)
  }, 50_000)

  test('all three gone, the master back empty: it works again by itself', async () => {
    const master = await set.master()
    await Promise.all(Object.values(set.redis).map(redis => redis.kill()))
    a.lane.add(entry(a, 1))
    await eventually('trouble is reported', 3000, () => a.troubles.length > 0)
    master.wipe()
    // An emptied disk has the first configuration: whoever is named master by the Sentinels must not replicate.
    await master.startAndWait()
    await master.ask('REPLICAOF', 'NO', 'ONE')
    for (const redis of Object.values(set.redis)) if (redis !== master) await redis.startAndWait()
    await answers(a, b, 30_000)
    await answers(b, a)
  }, 60_000)

  test('a worker that is wedged, though it says that it runs, is built anew', async () => {
    const unwedge = wedge(Worker.prototype, '_getNextJob', 'mirror-to-b')
    try {
      await eventually('the worker is built anew', 20_000, () => b.lane.status().rebuilds === 1)
      a.lane.add(entry(a, 1))
      await eventually('entries come through again', 5000, () => b.received.length === 1)
      expect(b.lane.status().rebuilds).toBe(1)
      expect(a.lane.status().rebuilds).toBe(0)
    } finally {
      unwedge()
    }
  }, 30_000)

  test('a queue whose adds never end is built anew', async () => {
    const unwedge = wedge(Queue.prototype, 'addJob', 'mirror-to-b')
    try {
      await answers(a, b, 25_000)
      expect(a.lane.status().rebuilds).toBe(1)
      expect(a.troubles.length).toBeGreaterThan(0)
    } finally {
      unwedge()
    }
  }, 40_000)

  test('close ends within a bound while Redis is dead', async () => {
    const all = [...Object.values(set.redis), ...Object.values(set.sentinels)]
    for (const process of all) process.signal('SIGSTOP')
    a.lane.add(entry(a, 1))
    a.lane.show('rejoin', 'x', {}, 1, false)
    const began = performance.now()
    await Promise.all([a.lane.close(), b.lane.close()])
    expect(performance.now() - began).toBeLessThan(2000)
    for (const process of all) process.signal('SIGCONT')
  }, 20_000)
})

test('with passwords for Redis and Sentinel', async () => {
  const guarded = await startQueueSet(19_250, 'pass-word')
  const a = openEnd('a', undefined, guarded, 'pass-word')
  const b = openEnd('b', undefined, guarded, 'pass-word')
  try {
    await answers(a, b)
    await eventually('the Sentinels answer', 5000, () => a.lane.status().sentinels === 3)
  } finally {
    await Promise.all([a.lane.close(), b.lane.close()])
    await guarded.stop()
  }
}, 30_000)
