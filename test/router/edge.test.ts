// The edge router on Node: the suite that workerd passes too, with a debugger at hand.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { edgeWorker } from '../../router/edgeworker.ts'
import { edgeFeedSuite } from './edgefeedsuite.ts'
import { type Edge, type EdgeStart, edgeSuite } from './edgesuite.ts'

const start = async ({ port, origins, secret, parkMs }: EdgeStart): Promise<Edge> => {
  const worker = edgeWorker()
  const env = { ORIGIN_A: origins.a, ORIGIN_B: origins.b, TANDEM_SECRET: secret, TANDEM_PARK_MS: String(parkMs) }
  const context = { waitUntil: (work: Promise<unknown>): void => void work }
  const listener = getRequestListener(request => worker.fetch(request, env, context))
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    port,
    stop: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

edgeSuite(26_500, start)
edgeFeedSuite(26_510, start)
