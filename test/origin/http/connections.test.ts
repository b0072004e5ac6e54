// Connections end by the address that they came to: those of the others go on.
import { Agent, get } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type Listening, startServer } from '../../../origin/http/server.ts'

let listening: Listening | null = null
const agents: Agent[] = []
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  await listening?.close({ lingerMs: 0, graceMs: 1000 })
})

const start = async (): Promise<Listening> => {
  listening = await startServer({
    host: '0.0.0.0',
    port: 0,
    timing: 'router',
    onRequest: (_, outgoing) => void outgoing.end('here'),
    upgrade: null,
    tls: null,
    onError: () => {},
  })
  return listening
}

/** One kept connection to that address; each call asks on it, and says what the answer says of it. */
function client(host: string, port: number): () => Promise<string | undefined> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return () =>
    new Promise((resolve, reject) => {
      get({ host, port, agent }, response => {
        response.resume()
        response.on('end', () => resolve(response.headers.connection))
      }).on('error', reject)
    })
}

test('those of one address end with their next answer, idle ones by themselves, until it is no longer so', async () => {
  const { port, part, emptied } = await start()
  const [leaving, staying] = [client('127.0.0.2', port), client('127.0.0.3', port)]
  expect([await leaving(), await staying()]).toEqual(['keep-alive', 'keep-alive'])
  const ends = part('127.0.0.2')
  expect([await leaving(), await staying()]).toEqual(['close', 'keep-alive'])
  const idle = client('127.0.0.2', port)
  ends()
  expect(await idle()).toBe('keep-alive')
  const idleSockets = (): number => Object.values(agents.at(-1)?.freeSockets ?? {}).flat().length
  expect(idleSockets()).toBe(1)
  await emptied(5000, '127.0.0.2')
  await expect.poll(idleSockets).toBe(0)
  expect(await staying()).toBe('keep-alive')
})
