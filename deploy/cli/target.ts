// Where the origins' private listeners are, and the secret: from the flags, a host's environment, or cluster.json.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { OriginName } from '../../router/words.ts'
import { hasCertificate } from './certificate.ts'
import { UsageError } from './outcome.ts'

export type Target = {
  /** null: not known before it was asked */
  readonly name: OriginName | null
  readonly url: string
  /** its public listener; null where nobody said */
  readonly public: string | null
  readonly secret: string
}

export type Flags = {
  readonly urls: readonly string[]
  readonly secret: string | undefined
  readonly home: string | undefined
}

const Addresses = z.object({ private: z.url(), public: z.url().nullable().default(null) })
const Cluster = z.object({
  secret: z.string(),
  origins: z.object({ a: Addresses, b: Addresses }),
})

export const homeOf = (flags: Flags): string => resolve(flags.home ?? process.env.TANDEM_HOME ?? '.tandem')

/** Flags win over the environment of a host, and that over the local cluster. */
export function targetsOf(flags: Flags): readonly Target[] {
  if (flags.urls.length > 0) {
    const secret = secretOf(flags)
    return flags.urls.map(url => ({ name: null, url: urlOf(url), public: null, secret }))
  }
  const { TANDEM_PRIVATE, TANDEM_PEER, TANDEM_HOME } = process.env
  if (TANDEM_PRIVATE !== undefined && flags.home === undefined && TANDEM_HOME === undefined) {
    const secret = secretOf(flags)
    const urls = TANDEM_PEER === undefined ? [TANDEM_PRIVATE] : [TANDEM_PRIVATE, TANDEM_PEER]
    return urls.map(url => ({ name: null, url: urlOf(url), public: null, secret }))
  }
  const file = join(homeOf(flags), 'cluster.json')
  const { secret, origins } = Cluster.parse(readJson(file))
  return [
    { name: 'a', url: origins.a.private, public: origins.a.public, secret },
    { name: 'b', url: origins.b.private, public: origins.b.public, secret },
  ]
}

function secretOf(flags: Flags): string {
  const { TANDEM_SECRET, TANDEM_SECRET_FILE } = process.env
  const secret = flags.secret ?? TANDEM_SECRET
  if (secret !== undefined) return secret
  if (TANDEM_SECRET_FILE !== undefined) return readFileSync(TANDEM_SECRET_FILE, 'utf8').trim()
  throw new UsageError('The cluster secret is missing: set TANDEM_SECRET or TANDEM_SECRET_FILE, or give --secret.')
}

function urlOf(text: string): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `${hasCertificate() ? 'https' : 'http'}://${text}`)
  if (url === null) throw new UsageError(`${text} is no URL of a private listener, such as http://10.0.0.1:8101`)
  return url.origin
}

function readJson(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new UsageError(
      `No cluster found: ${file} is not there. Run npm start, or set TANDEM_HOME; on a host, set TANDEM_PRIVATE and TANDEM_SECRET or give --url.`,
    )
  }
  return JSON.parse(text)
}
