// The log: one structured line for each event, without secrets, at a level that may change.
import { describe, expect, it } from 'vitest'
import { createLog } from '../../../origin/log.ts'

function logging(level: 'debug' | 'info' | 'warn' | 'error', secrets: readonly string[] = []) {
  const lines: string[] = []
  const control = createLog(level, { origin: 'a', incarnation: 'a-1' }, { secrets, write: line => lines.push(line) })
  return { ...control, lines, parsed: () => lines.map(line => JSON.parse(line)) }
}

describe('createLog', () => {
  it('writes a line with who, when, what', () => {
    const { log, parsed } = logging('info')
    log.warn({ shard: 's0', index: 7 }, 'entry refused')
    expect(parsed()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        origin: 'a',
        incarnation: 'a-1',
        shard: 's0',
        index: 7,
        message: 'entry refused',
      },
    ])
  })

  it('changes its level while it runs', () => {
    const { log, setLevel, lines } = logging('warn')
    log.info({}, 'unheard')
    setLevel('debug')
    log.debug({}, 'heard')
    expect(lines).toHaveLength(1)
  })

  it('hides secrets, by field and wherever their value stands', () => {
    const { log, lines } = logging('info', ['pass"word', ''])
    log.error({ secret: 'x1', redis: { password: 'x2' }, error: new Error('AUTH pass"word failed') }, 'with pass"word')
    expect(lines[0]).not.toMatch(/x1|x2|pass\\"word/)
    expect(lines[0]).toContain('AUTH [hidden] failed')
  })
})
