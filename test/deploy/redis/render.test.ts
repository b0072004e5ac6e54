// The configuration files say what was found to work, and fit each other.
import { expect, test } from 'vitest'
import { planOf } from '../../../deploy/local/plan.ts'
import {
  HOSTS,
  queueRedisEnv,
  REPLICA_PRIORITY,
  renderQueueRedis,
  renderRegister,
  renderSentinel,
  sentinelId,
  sentinelMark,
} from '../../../deploy/redis/render.ts'

const open = planOf(8000)
const locked = planOf(8000, 'pass "word')
const lines = (text: string): string[] => text.split('\n')

test('a queue Redis is bounded in what an isolated master accepts, and equal in rank', () => {
  for (const host of HOSTS) {
    const conf = lines(renderQueueRedis(open.set, host, '/data'))
    expect(conf).toEqual(
      expect.arrayContaining([
        'appendonly yes',
        'appendfsync everysec',
        'min-replicas-to-write 1',
        'min-replicas-max-lag 2',
        'repl-diskless-sync-delay 0',
        'repl-timeout 5',
        'repl-ping-replica-period 1',
        'maxmemory-policy noeviction',
        `replica-priority ${REPLICA_PRIORITY}`,
      ]),
    )
    expect(conf.some(line => line.startsWith('replicaof'))).toBe(false)
    expect(conf.some(line => line.startsWith('requirepass'))).toBe(false)
  }
})

test('a register is alone, and on disk before it answers', () => {
  const conf = lines(renderRegister(open.registers.b, '/data', open.set.access))
  expect(conf).toEqual(
    expect.arrayContaining(['port 8222', 'appendonly yes', 'appendfsync always', 'aof-load-truncated no', 'save ""']),
  )
  expect(conf.filter(line => !line.startsWith('#')).some(line => line.includes('repl'))).toBe(false)
})

test('Sentinels know each other and the replicas beforehand', () => {
  const conf = lines(renderSentinel(open.set, 'b', '/data'))
  expect(conf[0]).toBe(sentinelMark(open.set, 'b'))
  expect(conf).toEqual(
    expect.arrayContaining([
      'sentinel monitor tandem 127.0.0.1 8201 2',
      'sentinel down-after-milliseconds tandem 1000',
      'sentinel failover-timeout tandem 3000',
      'sentinel parallel-syncs tandem 2',
      `sentinel myid ${sentinelId(open.set, 'b')}`,
      'sentinel known-replica tandem 127.0.0.1 8202',
      'sentinel known-replica tandem 127.0.0.1 8203',
      `sentinel known-sentinel tandem 127.0.0.1 8301 ${sentinelId(open.set, 'a')}`,
      `sentinel known-sentinel tandem 127.0.0.1 8303 ${sentinelId(open.set, 'w')}`,
    ]),
  )
  expect(new Set(HOSTS.map(host => sentinelId(open.set, host))).size).toBe(3)
})

test('a password is asked by all and known to all, and in no list of processes', () => {
  const secret = '"pass \\"word"'
  expect(lines(renderQueueRedis(locked.set, 'a', '/data'))).toEqual(
    expect.arrayContaining([`requirepass ${secret}`, `masterauth ${secret}`]),
  )
  expect(lines(renderSentinel(locked.set, 'a', '/data'))).toEqual(
    expect.arrayContaining([
      `requirepass ${secret}`,
      `sentinel auth-pass tandem ${secret}`,
      `sentinel sentinel-pass ${secret}`,
    ]),
  )
  expect(queueRedisEnv(locked.set, 'a').REDISCLI_AUTH).toBe('pass "word')
  expect(queueRedisEnv(open.set, 'a')).not.toHaveProperty('REDISCLI_AUTH')
})
