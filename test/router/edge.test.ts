// The edge router on Node: the suite that workerd passes too, with a debugger at hand.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { edgeWorker } from '../../router/edgeworker.ts'
import { edgeSuite } from './edgesuite.ts'

edgeSuite(26_500, async ({ port, origins, secret, parkMs }) => {
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
})
