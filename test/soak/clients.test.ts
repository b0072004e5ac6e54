// The clients of the soak notice a service that forgets, that shows what is not there, or that answers what it may not.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Random } from '../sim/random.ts'
import { Clients } from './clients.ts'

type Answer = (key: string, request: IncomingMessage, body: string, response: ServerResponse) => void

const MIX = { clients: 3, keys: 2, thinkMs: 1, keyed: 0, reads: 0.5 }
const ENOUGH = 150

async function clientsOf(answer: Answer): Promise<Clients> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += String(chunk)
    })
    request.on('end', () => answer(request.url ?? '', request, body, response))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const clients = new Clients([`http://127.0.0.1:${port}`])
  clients.begin(MIX, 'r', new Random(1))
  await expect.poll(() => clients.answered + clients.wrong.length, { timeout: 10_000 }).toBeGreaterThan(ENOUGH)
  await clients.stop()
  return clients
}

/** A right service in memory. @param forgets says whether a write that it answers is not kept */
function memory(forgets: () => boolean): Answer {
  const rows = new Map<string, { etag: string; value: string }>()
  let count = 0
  return (key, { method, headers }, value, response) => {
    const row = rows.get(key)
    const end = (status: number, etag = '', body = ''): void => {
      response.writeHead(status, etag === '' ? {} : { etag }).end(body)
    }
    if (method === 'GET' && headers['if-none-match'] !== undefined && headers['if-none-match'] === row?.etag)
      return end(304, row?.etag)
    if (method === 'GET') return row === undefined ? end(404) : end(200, row.etag, row.value)
    if (method === 'DELETE' && row === undefined) return end(404)
    if (headers['if-match'] !== undefined && headers['if-match'] !== row?.etag) return end(412, row?.etag)
    if (headers['if-none-match'] === '*' && row !== undefined) return end(412, row.etag)
    const etag = `"1.${++count}.0"`
    const kept = !forgets()
    if (method === 'DELETE') {
      if (kept) rows.delete(key)
      return end(204)
    }
    if (kept) rows.set(key, { etag, value })
    return end(row === undefined ? 201 : 200, etag)
  }
}

test('a right service is found right', async () => {
  const clients = await clientsOf(memory(() => false))
  await clients.readAll('r/')
  expect(clients.wrong).toEqual([])
  expect(clients.judge('r/')).toMatchObject({ not: [], gaveUp: 0 })
})

test('a service that forgets one write in ten is found out', async () => {
  let count = 0
  const clients = await clientsOf(memory(() => ++count % 10 === 0))
  await clients.readAll('r/')
  expect(clients.judge('r/').not.length).toBeGreaterThan(0)
})

test('an answer that the service may not give is wrong', async () => {
  const clients = await clientsOf((_, request, __, response) =>
    response.writeHead(request.method === 'GET' ? 500 : 204).end(),
  )
  expect(clients.wrong.length).toBeGreaterThan(0)
})
