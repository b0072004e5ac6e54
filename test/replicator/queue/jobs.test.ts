import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beatForm, entryForm, entryId, parseJob, probeForm, shownId } from '../../../replicator/queue/jobs.ts'
import type { EntryJob } from '../../../replicator/queue/lane.ts'

const anyJob: fc.Arbitrary<EntryJob> = fc.record({
  shard: fc.constantFrom('s0', 's1'),
  epoch: fc.nat(),
  index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  incarnation: fc.string({ minLength: 1, maxLength: 60 }),
  bytes: fc.uint8Array({ maxLength: 300 }),
})

const overTheWire = (data: object): unknown => JSON.parse(JSON.stringify(data))

test('an entry is the same after its way through JSON', () => {
  fc.assert(
    fc.property(anyJob, job => {
      const form = entryForm(job)
      const arrived = parseJob(form.name, overTheWire(form.data))
      expect(arrived.kind).toBe('entry')
      if (arrived.kind === 'entry') expect({ ...arrived.job, bytes: Uint8Array.from(arrived.job.bytes) }).toEqual(job)
    }),
  )
})

test('a view into a larger buffer carries only its own bytes', () => {
  const whole = Buffer.from('xxentryxx')
  const job: EntryJob = { shard: 's1', epoch: 1, index: 2, incarnation: 'i', bytes: whole.subarray(2, 7) }
  const arrived = parseJob('entry', overTheWire(entryForm(job).data))
  expect(arrived.kind === 'entry' && Buffer.from(arrived.job.bytes).toString()).toBe('entry')
})

test('ids are what BullMQ takes: no colon, not a number; one position, one id', () => {
  fc.assert(
    fc.property(anyJob, fc.string(), (job, text) => {
      for (const id of [
        entryId(job),
        probeForm(text).id,
        beatForm(job.incarnation, 3).id,
        shownId(job.incarnation, text),
      ])
        expect(id).toMatch(/^[a-z][A-Za-z0-9_-]*$/)
    }),
  )
  const job: EntryJob = { shard: 's0', epoch: 4, index: 7, incarnation: 'a-1234567890', bytes: Buffer.of(1) }
  expect(entryId(job)).toBe('s0-4-7-34567890')
})

test('anything else is malformed, with a reason', () => {
  const good = { shard: 's0', epoch: 1, index: 1, incarnation: 'i', size: 2, entry: 'AAA=' }
  expect(parseJob('entry', good).kind).toBe('entry')
  const bad: [string, unknown][] = [
    ['entry', null],
    ['entry', 'text'],
    ['entry', { ...good, shard: 's2' }],
    ['entry', { ...good, index: 0 }],
    ['entry', { ...good, epoch: 1.5 }],
    ['entry', { ...good, size: 3 }],
    ['entry', { ...good, entry: 'A' }],
    ['entry', { ...good, incarnation: '' }],
    ['probe', {}],
    ['other', good],
  ]
  for (const [name, data] of bad) {
    const arrived = parseJob(name, data)
    expect(arrived.kind, JSON.stringify(data)).toBe('malformed')
    expect(arrived.kind === 'malformed' && arrived.why.length).toBeGreaterThan(0)
  }
})
