// The edge router in the runtime that it is made for: wrangler dev runs the bundle in workerd.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from '../../deploy/local/child.ts'
import { edgeSpec } from '../../deploy/local/edge.ts'
import { waitUp } from '../../deploy/local/probe.ts'
import { edgeFeedSuite } from './edgefeedsuite.ts'
import { type Edge, type EdgeStart, edgeSuite } from './edgesuite.ts'

const READY_MS = 50_000

const start = async ({ port, origins, secret, parkMs }: EdgeStart): Promise<Edge> => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-edge-'))
  const vars = { TANDEM_PARK_MS: String(parkMs) }
  const spec = edgeSpec({ port, origins, secret, dir: home, log: join(home, 'edge.log'), vars })
  // not /readyz: that would ask the origins, and the edge would not be cold any more
  const ready = { kind: 'http', url: `http://127.0.0.1:${port}/livez` } as const
  const child = new Child({ ...spec, ready }, 'never', { log: () => {}, pid: () => {} })
  child.start()
  const stop = async (): Promise<void> => {
    await child.stop(3_000)
    rmSync(home, { recursive: true, force: true })
  }
  const answer = await waitUp(ready, READY_MS, () => (child.idle ? child.lastEnd : null))
  if (!answer.up) {
    const tail = child.tail()
    await stop()
    throw new Error(`wrangler dev did not get ready: ${answer.why}\n${tail}`)
  }
  return { port, stop }
}

edgeSuite(26_520, start)
edgeFeedSuite(26_530, start)
