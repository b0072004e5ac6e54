import { describe, expect, it } from 'vitest'
import type { Finding } from '../../bench/measure/finding.ts'
import { Progress, type Result } from '../../bench/progress.ts'

const finding = (title: string, notes: readonly string[] = []): Finding => ({
  part: 'part',
  title,
  axis: null,
  rows: [],
  verdicts: [],
  figures: [],
  courses: [],
  notes,
})

describe('the progress of a run', () => {
  it('is written after every finding, a newer one in place of the older of its title', () => {
    const written: Result[] = []
    const progress = new Progress(
      result => written.push(result),
      () => {},
    )
    progress.report(finding('one'))
    progress.report(finding('two'))
    progress.report(finding('one', ['grown']))
    expect(written.map(({ findings }) => findings.map(({ title }) => title))).toEqual([
      ['one'],
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect(progress.result.findings[0]?.notes).toEqual(['grown'])
  })

  it('keeps what was found where something fails, and says what failed', async () => {
    const written: Result[] = []
    const told: string[] = []
    const progress = new Progress(
      result => written.push(result),
      line => told.push(line),
    )
    await progress.attempt('this part', async () => {
      progress.report(finding('one'))
      throw new Error('the disk is full')
    })
    await progress.attempt('the next', async () => progress.report(finding('two')))
    expect(written[1]).toEqual({
      findings: [finding('one')],
      failures: ['this part: the disk is full'],
      finished: false,
    })
    expect(progress.result.findings).toHaveLength(2)
    expect(told.join()).toMatch(/this part failed/)
    progress.finish()
    expect(written.at(-1)?.finished).toBe(true)
  })
})
