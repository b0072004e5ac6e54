// Failpoints, in processes of their own: nothing where none is armed, else exactly what was asked, at the count asked.
import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parseFailpoint } from '../../origin/failpoint.ts'

const MODULE = new URL('../../origin/failpoint.ts', import.meta.url).href
const BODY = `import { reach } from ${JSON.stringify(MODULE)}
  for (const step of [1, 2, 3]) { reach('here'); process.stdout.write(String(step)) }`
const IN_WORKER = `import { Worker } from 'node:worker_threads'
  new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(BODY.replace('process.stdout.write(String(step))', ''))})))
  setTimeout(() => undefined, 5000)`

type Ended = { readonly said: string; readonly signal: NodeJS.Signals | null; readonly code: number | null }

function run(source: string, failpoint: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, TANDEM_FAILPOINT: failpoint },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', data => {
    said += String(data)
    if (failpoint.endsWith(':stop')) setTimeout(() => child.kill('SIGKILL'), 300)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ said, signal, code }))
  })
}

describe('reach', () => {
  it.each<[string, string, Ended]>([
    ['', 'does nothing', { said: '123', signal: null, code: 0 }],
    ['elsewhere', 'does nothing', { said: '123', signal: null, code: 0 }],
    ['here', 'kills at once', { said: '', signal: 'SIGKILL', code: null }],
    ['here:3', 'kills at the third time', { said: '12', signal: 'SIGKILL', code: null }],
    ['here:2:stop', 'pauses at the second time', { said: '1', signal: 'SIGKILL', code: null }],
    ['here:2:throw', 'throws at the second time', { said: '1', signal: null, code: 1 }],
  ])('armed with "%s" %s', async (failpoint, _what, ended) => {
    expect(await run(BODY, failpoint)).toEqual(ended)
  })

  it('kills the process from a worker thread', async () => {
    expect(await run(IN_WORKER, 'here:2')).toMatchObject({ signal: 'SIGKILL' })
  })
})

describe('parseFailpoint', () => {
  it('reads point, count and act', () => {
    expect(parseFailpoint(undefined)).toBeNull()
    expect(parseFailpoint('a.b-c:12:throw')).toEqual({ point: 'a.b-c', count: 12, act: 'throw' })
    expect(parseFailpoint('a:stop')).toEqual({ point: 'a', count: 1, act: 'stop' })
  })

  it.each(['a:0', ':1', 'a:1:explode', 'a b'])('refuses "%s"', text => {
    expect(() => parseFailpoint(text)).toThrow('TANDEM_FAILPOINT')
  })
})
