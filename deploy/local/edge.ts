// The edge router on this machine: wrangler dev with the repository's own wrangler.toml, offline, its secret in a file.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OriginName } from '../../router/words.ts'
import { LOOPBACK } from './plan.ts'
import type { ProcessSpec } from './spec.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const WRANGLER = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')

/** Nothing is asked of the network, and nothing is told to it. */
export const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  CI: '1',
}

export type EdgeOptions = {
  readonly port: number
  /** public URLs */
  readonly origins: Readonly<Record<OriginName, string>>
  readonly secret: string
  /** its configuration, caches and logs stay there */
  readonly dir: string
  readonly log: string
  /** further [vars] */
  readonly vars?: Readonly<Record<string, string>>
}

export function edgeSpec({ port, origins, secret, dir, log, vars }: EdgeOptions): ProcessSpec {
  const secrets = join(dir, 'secrets.env')
  const all = { ORIGIN_A: origins.a, ORIGIN_B: origins.b, ...vars }
  return {
    name: 'edge',
    command: process.execPath,
    args: [
      WRANGLER,
      'dev',
      ...['--config', join(ROOT, 'wrangler.toml'), '--ip', LOOPBACK, '--port', String(port)],
      ...['--inspector-port', '0', '--persist-to', join(dir, 'state'), '--show-interactive-dev-session=false'],
      ...['--env-file', secrets, '--var', ...Object.entries(all).map(([name, value]) => `${name}:${value}`)],
      ...['--log-level', 'warn'],
    ],
    dir,
    env: { ...OFFLINE, XDG_CONFIG_HOME: join(dir, 'config'), WRANGLER_LOG_PATH: join(dir, 'logs') },
    log,
    prepare: () => {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      writeFileSync(secrets, `TANDEM_SECRET=${secret}\n`, { mode: 0o600 })
      chmodSync(secrets, 0o600)
    },
    ready: { kind: 'http', url: `http://${LOOPBACK}:${port}/readyz` },
  }
}
