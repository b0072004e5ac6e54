// Long work: one of a kind at a time, told while it runs and after; noted when it has ended, however it ended.
import { expect, test } from 'vitest'
import { Jobs } from '../../../origin/jobs/jobs.ts'
import { createOperate } from '../../../origin/operate.ts'

function fixture() {
  const notes: { actor: string; action: string; ok: boolean; detail: string }[] = []
  const operate = createOperate(
    async () => ({ ok: true, detail: '' }),
    line => notes.push(line),
  )
  return { notes, jobs: new Jobs(operate, () => 7) }
}

test('a job tells its step and progress, then its end; a second of its kind waits for that', async () => {
  const { jobs, notes } = fixture()
  const work = Promise.withResolvers<{ ok: boolean; detail: string; result: unknown }>()
  const begun = jobs.start('verify', 'somebody', report => {
    report('compares s0', 40)
    return work.promise
  })
  expect(begun).toMatchObject({ kind: 'verify', actor: 'somebody', startedAt: 7, end: null })
  expect(jobs.get('verify')).toMatchObject({ step: 'compares s0', progress: 40, end: null })
  expect(jobs.start('verify', 'another', () => work.promise)).toBeNull()
  expect(jobs.start('backup', 'another', () => work.promise)).not.toBeNull()
  expect(notes).toEqual([])
  work.resolve({ ok: true, detail: 'all equal', result: { rows: 3 } })
  await work.promise
  await Promise.resolve()
  expect(jobs.get('verify')).toMatchObject({
    progress: 100,
    end: { at: 7, ok: true, detail: 'all equal' },
    result: { rows: 3 },
  })
  expect(notes[0]).toEqual({ actor: 'somebody', action: 'verify', ok: true, detail: 'all equal' })
  expect(jobs.start('verify', 'another', () => work.promise)).not.toBeNull()
})

test('one that throws has failed, with its reason', async () => {
  const { jobs, notes } = fixture()
  const failure = Promise.reject(new Error('the disk is gone'))
  jobs.start('drill', 'somebody', () => failure)
  await failure.catch(() => null)
  await Promise.resolve()
  expect(jobs.get('drill')?.end).toEqual({ at: 7, ok: false, detail: 'the disk is gone' })
  expect(notes[0]).toMatchObject({ action: 'drill', ok: false })
})
