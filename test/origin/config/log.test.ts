// The log: one structured line for each event, without secrets, at a level that may change.
import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
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

  it('has written every line when it is flushed before an exit', () => {
    const { stdout, status } = inProcess(
      'pipe',
      'for (let n = 0; n < 1000; n++) log.info({ n }, "line"); flush(); process.exit(3)',
    )
    expect(status).toBe(3)
    const lines = stdout.trim().split('\n')
    expect(lines).toHaveLength(1000)
    expect(JSON.parse(lines[999] ?? '')).toMatchObject({ n: 999 })
  })

  it('neither waits nor hangs when nobody reads its output', () => {
    const body = `for (let n = 0; n < 200; n++) log.info({ text: 'x'.repeat(50_000) }, 'line')
      setTimeout(() => { flush(); process.exit(3) }, 100)`
    const script = `exec "$0" --input-type=module -e "$1" | { sleep 2; wc -c; }; echo "\${PIPESTATUS[0]}"`
    const ended = spawnSync('bash', ['-c', script, process.execPath, source(body)], { encoding: 'utf8', timeout: 4500 })
    const [chars, status] = ended.stdout.trim().split('\n')
    expect(status).toBe('3')
    expect(Number(chars)).toBeLessThan(5_000_000)
  })

  it('outlives a full disk under its output', () => {
    const full = openSync('/dev/full', 'w')
    const { status } = inProcess(
      full,
      'for (let n = 0; n < 9; n++) log.info({ n }, "line"); setTimeout(() => { log.info({}, "last"); flush(); process.exit(3) }, 200)',
    )
    expect(status).toBe(3)
  })
})

function source(body: string): string {
  const module = JSON.stringify(new URL('../../../origin/log.ts', import.meta.url).href)
  return `import { createLog } from ${module}
    const { log, flush } = createLog('info', { origin: 'a' })
    ${body}`
}

function inProcess(stdout: 'pipe' | number, body: string) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', source(body)], {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    timeout: 4000,
    killSignal: 'SIGKILL',
  })
}
