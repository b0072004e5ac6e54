// The passwords of a cluster: one file each in a directory of the operator's, made at random where it is missing.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../../origin/config/sources.ts'
import { type Passwords, REDIS_USERS } from '../redis/render.ts'

export type Secrets = {
  /** what origins, routers and operators know each other by */
  readonly cluster: string
  readonly redis: Passwords
}

const BYTES = 32
/** Goes into files of Redis, of systemd and of sh as it is. */
const PLAIN = /^[A-Za-z0-9._~+/=-]{16,512}$/

export type SecretsRead =
  | { readonly kind: 'ok'; readonly secrets: Secrets; readonly made: readonly string[] }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/** Reads them, and makes those that are missing, for their owner only. */
export function readSecrets(dir: string): SecretsRead {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const made: string[] = []
  const faults: Fault[] = []
  const of = (name: string): string => {
    const file = join(dir, name)
    if (!existsSync(file)) {
      writeFileSync(file, `${randomBytes(BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
      made.push(file)
    }
    const text = readFileSync(file, 'utf8').trim()
    if (!PLAIN.test(text))
      faults.push({ name: file, value: '(hidden)', allowed: '16 to 512 letters, digits and . _ ~ + / = -' })
    return text
  }
  const cluster = of('cluster')
  const [origin, replica, sentinel, keeper] = REDIS_USERS.map(name => of(`redis-${name}`))
  if (origin === undefined || replica === undefined || sentinel === undefined || keeper === undefined)
    throw new Error('four users of Redis')
  if (faults.length > 0) return { kind: 'faults', faults }
  return { kind: 'ok', secrets: { cluster, redis: { origin, replica, sentinel, keeper } }, made }
}
