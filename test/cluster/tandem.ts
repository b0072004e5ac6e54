// The command line, as a person types it, for the cluster of a test.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestCluster } from './cluster.ts'

const MAIN = new URL('../../deploy/cli/main.ts', import.meta.url).pathname

export type Said = { readonly code: unknown; readonly out: string }

export async function tandem(c: Pick<TestCluster, 'home'>, ...args: string[]): Promise<Said> {
  const env = { ...process.env, TANDEM_HOME: c.home }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', data => {
      out += String(data)
    })
  const [code] = await once(child, 'close')
  return { code, out }
}
