// PostgreSQL with one synchronous standby, asked by pgbench.
import { execFile, spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Load } from '../measure/turn.ts'
import { configured, type Daemon, startDaemon } from './daemon.ts'

const run = promisify(execFile)
const UPSERT = fileURLToPath(new URL('upsert.sql', import.meta.url))
const READY_MS = 20_000
const LATE_MS = 60_000
const QUANTILES = 1000

export type Postgres = {
  readonly pids: readonly number[]
  load(connections: number, seconds: number, body: string): Promise<Load>
  stop(): Promise<void>
}

/** It refuses to run as root: its own user then owns the files. */
function userOf(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

/** Uses two ports from `port` on. */
export async function startPostgres(program: string, home: string, port: number): Promise<Postgres> {
  const bin = dirname(program)
  const user = userOf()
  const as = user ?? {}
  const dir = join(home, 'postgres')
  mkdirSync(dir, { mode: 0o755 })
  if (user !== null) chownSync(dir, user.uid, user.gid)
  const [primary, standby] = [join(dir, 'primary'), join(dir, 'standby')]
  const started: Daemon[] = []
  const stop = async (): Promise<void> => {
    for (const daemon of started.toReversed()) await daemon.stop()
  }
  const start = async (data: string, at: number): Promise<void> => {
    const SYNCHRONOUS = data === primary ? '*' : ''
    const conf = configured('postgres.conf', join(home, `postgres-${at}.conf`), { HOME: dir, PORT: at, SYNCHRONOUS })
    started.push(
      await startDaemon({
        name: 'postgres',
        command: program,
        args: ['-D', data, '-c', `config_file=${conf}`],
        log: join(home, `postgres-${at}.log`),
        port: at,
        user,
        cwd: dir,
        stopSignal: 'SIGINT',
      }),
    )
  }
  const client = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres']
  const sql = async (text: string): Promise<string> =>
    (await run(join(bin, 'psql'), [...client, '-Atc', text], { ...as, cwd: dir })).stdout.trim()
  try {
    await run(join(bin, 'initdb'), ['-D', primary, '-A', 'trust', '-U', 'postgres'], { ...as, cwd: dir })
    await start(primary, port)
    // it listens before it takes anybody
    await untilSays('1', () => sql('SELECT 1').catch((error: unknown) => String(error)))
    await run(join(bin, 'pg_basebackup'), [...client, '-D', standby, '-R', '-X', 'stream'], { ...as, cwd: dir })
    await start(standby, port + 1)
    await untilSays('sync', () => sql('SELECT sync_state FROM pg_stat_replication'))
    await sql('CREATE TABLE documents (key text PRIMARY KEY, body text NOT NULL, modified timestamptz NOT NULL)')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pids: started.map(daemon => daemon.pid),
    stop,
    load: async (connections, seconds, body) => {
      const prefix = join(dir, 'log')
      for (const old of globSync(`${prefix}.*`)) rmSync(old)
      await run(
        join(bin, 'pgbench'),
        [
          ...[...client, '-n', '-M', 'prepared', '-f', UPSERT, '-D', `body=${body}`, '-l', '--log-prefix', prefix],
          ...['-c', String(connections), '-j', String(Math.min(2, connections)), '-T', String(seconds), 'postgres'],
        ],
        { ...as, cwd: dir, timeout: seconds * 1000 + LATE_MS, killSignal: 'SIGKILL' },
      )
      return loadOf(globSync(`${prefix}.*`), seconds)
    },
  }
}

/** Of the standby above all: old start-up options may linger, so that it IS synchronous is what counts. */
async function untilSays(wanted: string, ask: () => Promise<string>): Promise<void> {
  const end = performance.now() + READY_MS
  for (let said = await ask(); said !== wanted; said = await ask()) {
    if (performance.now() > end) throw new Error(`PostgreSQL says ${said}, not ${wanted}`)
    await pause(100)
  }
}

/** pgbench's log: client, transaction, microseconds, … */
function loadOf(files: readonly string[], seconds: number): Load {
  const micros = files
    .flatMap(file => readFileSync(file, 'utf8').trim().split('\n'))
    .filter(line => line !== '')
    .map(line => Number(line.split(' ')[2]))
    .sort((x, y) => x - y)
  const at = (quantile: number): number =>
    (micros[Math.floor(((quantile + 0.5) / QUANTILES) * micros.length)] ?? 0) / 1000
  return {
    requests: micros.length,
    seconds,
    failures: 0,
    latency: { count: micros.length, valuesMs: Array.from({ length: QUANTILES }, (_, quantile) => at(quantile)) },
    longestMs: (micros.at(-1) ?? 0) / 1000,
  }
}
