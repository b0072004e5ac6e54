import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPEN } from '../../../replicator/redis.ts'
import type { AcceptorName, Acceptors } from '../../../replicator/register/acceptor.ts'
import { openRegisters } from '../../../replicator/register/redisacceptor.ts'
import { eventually, type RegisterSet, startRegisters } from '../../fixtures/redisset.ts'
import { silentLog } from '../../fixtures/silentlog.ts'
import { acceptorSuite, ballot, LINEAGE, value } from './acceptorsuite.ts'

const DEADLINE_MS = 400
const KEY = 'tandem:register'

let set: RegisterSet
let acceptors: Acceptors
let others: Acceptors

const open = (requireDurable = true): Acceptors =>
  openRegisters({ addresses: set.addresses, login: OPEN, deadlineMs: DEADLINE_MS, requireDurable }, silentLog)

const answers = (client: Acceptors, name: AcceptorName): Promise<void> =>
  eventually(
    `register ${name} answers`,
    5000,
    async () => (await client.send(name, null, { op: 'read' })).kind !== 'failed',
  )

const read = (name: AcceptorName) => acceptors.send(name, null, { op: 'read' })

async function freshlyAdmitted(name: AcceptorName): Promise<void> {
  await set.registers[name].ask('DEL', KEY)
  const reply = await acceptors.send(name, LINEAGE, { op: 'admit', ballot: ballot(1), value: value(1) })
  expect(reply).toEqual({ kind: 'admitted' })
}

beforeAll(async () => {
  set = await startRegisters(19200)
  acceptors = open()
  others = open()
})

afterAll(async () => {
  await Promise.all([acceptors.close(), others.close()])
  await set.stop()
})

describe('acceptors over Redis', () => {
  acceptorSuite(() => ({
    acceptors,
    others,
    wipe: async name => {
      await set.registers[name].ask('FLUSHALL')
    },
    down: name => set.registers[name].kill(),
    up: async name => {
      await set.registers[name].startAndWait()
      await Promise.all([answers(acceptors, name), answers(others, name)])
    },
  }))

  test('what was accepted survives kill -9; a wiped disk is empty', async () => {
    await freshlyAdmitted('b')
    expect(await acceptors.send('b', LINEAGE, { op: 'accept', ballot: ballot(8), value: value(5) })).toEqual({
      kind: 'accepted',
    })
    await set.registers.b.kill()
    await set.registers.b.startAndWait()
    await answers(acceptors, 'b')
    expect(await read('b')).toMatchObject({ promised: ballot(8), accepted: { ballot: ballot(8), value: value(5) } })
    await set.registers.b.kill()
    set.registers.b.wipe()
    await set.registers.b.startAndWait()
    await answers(acceptors, 'b')
    expect(await read('b')).toEqual({ kind: 'empty' })
  })

  test('a stopped register fails within the deadline; continued, each request took effect at most once', async () => {
    await freshlyAdmitted('w')
    set.registers.w.signal('SIGSTOP')
    const began = performance.now()
    const replies = await Promise.all([
      acceptors.send('w', LINEAGE, { op: 'prepare', ballot: ballot(3) }),
      acceptors.send('w', LINEAGE, { op: 'accept', ballot: ballot(3), value: value(2) }),
    ])
    expect(replies.map(reply => reply.kind)).toEqual(['failed', 'failed'])
    expect(performance.now() - began).toBeLessThan(DEADLINE_MS + 150)
    const later = await acceptors.send('w', LINEAGE, { op: 'accept', ballot: ballot(4), value: value(3) })
    expect(later.kind).toBe('failed')
    set.registers.w.signal('SIGCONT')
    await answers(acceptors, 'w')
    // What was sent to the stopped one has been read once the connection that it was sent on is gone.
    await eventually('the old connection is gone', 5000, async () => {
      const clients = await set.registers.w.ask('CLIENT', 'LIST')
      return clients.split('\n').filter(line => line.includes('name=tandem:register')).length === 2
    })
    const calls = await set.registers.w.ask('INFO', 'commandstats')
    const hsets = Number(/cmdstat_hset:calls=(\d+)/.exec(calls)?.[1] ?? 0)
    // A higher ballot goes in, and nothing that was sent before comes in after it.
    expect(await acceptors.send('w', LINEAGE, { op: 'accept', ballot: ballot(9), value: value(7) })).toEqual({
      kind: 'accepted',
    })
    expect(await read('w')).toMatchObject({ promised: ballot(9), accepted: { ballot: ballot(9), value: value(7) } })
    const after = await set.registers.w.ask('INFO', 'commandstats')
    expect(Number(/cmdstat_hset:calls=(\d+)/.exec(after)?.[1])).toBe(hsets + 1)
  })

  test('a request made while a register is down is not sent once it is back', async () => {
    await freshlyAdmitted('w')
    await set.registers.w.kill()
    expect((await acceptors.send('w', LINEAGE, { op: 'prepare', ballot: ballot(30) })).kind).toBe('failed')
    await set.registers.w.startAndWait()
    await answers(acceptors, 'w')
    expect(await read('w')).toMatchObject({ promised: ballot(1) })
  })

  test('a Redis that would forget votes is refused, until it is set right', async () => {
    await freshlyAdmitted('a')
    await set.registers.a.ask('CONFIG', 'SET', 'appendfsync', 'everysec')
    const strict = open()
    const lenient = open(false)
    const reply = await strict.send('a', null, { op: 'read' })
    expect(reply).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('appendfsync is everysec, must be always'),
    })
    expect((await lenient.send('a', null, { op: 'read' })).kind).toBe('state')
    await set.registers.a.ask('CONFIG', 'SET', 'appendfsync', 'always')
    expect((await strict.send('a', null, { op: 'read' })).kind).toBe('state')
    await Promise.all([strict.close(), lenient.close()])
  })

  test('a register that became a replica fails', async () => {
    await freshlyAdmitted('a')
    await set.registers.a.ask('REPLICAOF', '127.0.0.1', String(set.addresses.b.port))
    expect(await acceptors.send('a', LINEAGE, { op: 'read' })).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('replica'),
    })
    expect((await acceptors.send('a', LINEAGE, { op: 'prepare', ballot: ballot(90) })).kind).toBe('failed')
    await set.registers.a.ask('REPLICAOF', 'NO', 'ONE')
    await answers(acceptors, 'a')
  })

  test('a value or a state that does not parse fails with the reason', async () => {
    await freshlyAdmitted('b')
    await set.registers.b.ask('HSET', KEY, 'value', '{"record":{}}')
    expect(await read('b')).toEqual({ kind: 'failed', reason: expect.stringContaining('does not parse') })
    await set.registers.b.ask('HDEL', KEY, 'promisedBy')
    expect(await read('b')).toEqual({ kind: 'failed', reason: expect.stringContaining('incomplete') })
    await set.registers.b.ask('SET', KEY, 'text')
    expect(await read('b')).toEqual({ kind: 'failed', reason: expect.stringContaining('WRONGTYPE') })
    await set.registers.b.ask('DEL', KEY)
    expect(await read('b')).toEqual({ kind: 'empty' })
  })

  test('with a password, and without the right one', async () => {
    await freshlyAdmitted('a')
    await set.registers.a.ask('CONFIG', 'SET', 'requirepass', 'secret word')
    const settings = { addresses: set.addresses, deadlineMs: DEADLINE_MS, requireDurable: true }
    const right = openRegisters({ ...settings, login: { user: null, password: 'secret word' } }, silentLog)
    const wrong = openRegisters({ ...settings, login: { user: null, password: 'other' } }, silentLog)
    expect((await right.send('a', null, { op: 'read' })).kind).toBe('state')
    expect((await wrong.send('a', null, { op: 'read' })).kind).toBe('failed')
    await Promise.all([right.close(), wrong.close()])
    await set.registers.a.kill()
    await set.registers.a.startAndWait()
  })

  test('close ends within a bound while registers are dead, stopped or gone', async () => {
    const doomed = open()
    await Promise.all([answers(doomed, 'a'), answers(doomed, 'b')])
    await set.registers.a.kill()
    set.registers.b.signal('SIGSTOP')
    await doomed.send('a', null, { op: 'read' })
    const began = performance.now()
    const pending = doomed.send('b', null, { op: 'read' })
    await doomed.close()
    expect(performance.now() - began).toBeLessThan(1000)
    expect((await pending).kind).toBe('failed')
    expect((await doomed.send('w', null, { op: 'read' })).kind).toBe('failed')
    set.registers.b.signal('SIGCONT')
    await set.registers.a.startAndWait()
  })
})
