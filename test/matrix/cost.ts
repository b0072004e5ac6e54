// npm run edge-cost: the CPU time that a request costs at the edge. It runs what would be deployed in workerd itself, without
// wrangler's proxy before it, in front of a local cluster, and divides workerd's processor time by the requests.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OFFLINE, WRANGLER } from '../../deploy/local/edge.ts'
import { startTestCluster, until } from '../cluster/cluster.ts'
import { Connection } from './connection.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const WORKERD = join(ROOT, 'node_modules', 'workerd', 'bin', 'workerd')
const PORT_BASE = 19_800
const PORT = PORT_BASE + 401
const CONNECTIONS = 4
const WARM = 4_000
const MEASURED = 4_000
const BODY = 'x'.repeat(200)
/** Linux: USER_HZ */
const TICK_MS = 10

function built(dir: string): string {
  const done = spawnSync(process.execPath, [WRANGLER, 'deploy', '--dry-run', '--minify', '--outdir', dir], {
    cwd: ROOT,
    env: { ...process.env, ...OFFLINE, XDG_CONFIG_HOME: dir, WRANGLER_LOG_PATH: join(dir, 'logs') },
  })
  if (done.status !== 0) throw new Error(String(done.stderr))
  return join(dir, 'edge.js')
}

function started(dir: string, vars: Readonly<Record<string, string>>): ChildProcess {
  const bindings = Object.entries(vars).map(([name, value]) => `(name = "${name}", text = "${value}")`)
  const date = /compatibility_date = "([^"]+)"/.exec(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1]
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${PORT}", http = (), service = "edge")],
);
const edge :Workerd.Worker = (
  modules = [(name = "edge.js", esModule = embed "edge.js")],
  compatibilityDate = "${date}",
  bindings = [${bindings.join(', ')}],
);
`
  writeFileSync(join(dir, 'edge.capnp'), config)
  return spawn(WORKERD, ['serve', join(dir, 'edge.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** User and system time of a process so far, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

async function drive(method: 'GET' | 'PUT', count: number): Promise<void> {
  let left = count
  const client = async (): Promise<void> => {
    const connection = new Connection()
    while (left-- > 0) {
      const url = `http://127.0.0.1:${PORT}/v1/cost/d${left % 100}`
      const { status } = await connection.ask({ url, method, headers: {}, body: method === 'PUT' ? BODY : null })
      if (status !== 200 && status !== 201) throw new Error(`${method} ${url}: ${status}`)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
}

const dir = mkdtempSync(join(tmpdir(), 'tandem-cost-'))
const cluster = await startTestCluster(PORT_BASE)
built(dir)
const { a, b } = cluster.origins
const workerd = started(dir, { ORIGIN_A: a.public, ORIGIN_B: b.public, TANDEM_SECRET: cluster.secret })
try {
  const up = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${PORT}/readyz`).then(
      response => response.ok,
      () => false,
    )
  await until(up, 10_000, 'workerd answers')
  for (const method of ['PUT', 'GET'] as const) {
    await drive(method, WARM)
    const before = cpuMs(workerd.pid ?? 0)
    await drive(method, MEASURED)
    const each = (cpuMs(workerd.pid ?? 0) - before) / MEASURED
    process.stdout.write(`${method} of ${BODY.length} bytes: ${each.toFixed(2)} ms of workerd's CPU time\n`)
  }
} finally {
  if (workerd.kill()) await once(workerd, 'exit')
  await cluster.close()
  rmSync(dir, { recursive: true, force: true })
}
