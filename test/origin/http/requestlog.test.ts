import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { createRequestLog } from '../../../origin/http/requestlog.ts'

type Line = { readonly level: string; readonly fields: object; readonly message: string }

function logged(verbose: boolean) {
  const lines: Line[] = []
  let nowMs = 5000
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message })
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const answered = createRequestLog({ log, verbose: () => verbose, now: () => nowMs })
  const request = (headers: Record<string, string>): IncomingMessage =>
    Object.assign(new IncomingMessage(new Socket()), { headers, method: 'PUT', url: '/v1/docs/x' })
  return {
    lines,
    answer: (status: number, headers: Record<string, string> = {}, url = '/v1/docs/x') =>
      answered('public', Object.assign(request(headers), { url }), status, 1.234),
    later: () => {
      nowMs += 1000
    },
  }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'

it('a failure has a line with the ids by which the client knows it', () => {
  const { lines, answer } = logged(false)
  answer(200)
  answer(404)
  // asked every second while a host is down
  answer(503, {}, '/readyz')
  answer(503, { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'x-request-id': 'order-7' })
  expect(lines).toEqual([
    {
      level: 'warn',
      message: 'a request failed',
      fields: expect.objectContaining({
        trace: TRACE,
        request: 'order-7',
        method: 'PUT',
        target: '/v1/docs/x',
        status: 503,
        tookMs: 1.23,
      }),
    },
  ])
})

it('an id that is no plain text is left out, and a trace is begun where none came', () => {
  const { lines, answer } = logged(false)
  answer(500, { 'x-request-id': 'two words\u0007' })
  expect(lines[0]?.fields).not.toHaveProperty('request')
  expect(lines[0]?.fields).toHaveProperty('trace', expect.stringMatching(/^[0-9a-f]{32}$/))
})

it('every answer has a line at debug', () => {
  const { lines, answer } = logged(true)
  answer(204)
  expect(lines).toMatchObject([{ level: 'debug', message: 'answered', fields: { status: 204 } }])
})

it('an outage does not fill the disk with lines; what was left out is counted', () => {
  const { lines, answer, later } = logged(false)
  for (let n = 0; n < 500; n++) answer(503)
  expect(lines).toHaveLength(20)
  later()
  answer(503)
  expect(lines.slice(20)).toMatchObject([{ fields: { left: 480 } }, { message: 'a request failed' }])
})
