// Bearer tokens as the file lists them: each by the SHA-256 of its text, with what it opens. The text itself is nowhere.
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import type { Access } from '../../router/guard.ts'

/** Looked up by each request, and read as a whole at each change. */
const TOKENS_MAX = 10_000

const tokenSchema = z.strictObject({
  name: z.string().min(1).max(128).optional(),
  hash: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'the SHA-256 of the token, 64 hex digits')
    .transform(text => text.toLowerCase()),
  scopes: z.array(z.enum(['read', 'write'])).min(1),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9-]{0,64}$/, 'the beginning of a collection: up to 64 of A-Z, a-z, 0-9 and "-"')
    .default(''),
})
const listSchema = z.array(tokenSchema).min(1, 'at least one token').max(TOKENS_MAX)
const fileSchema = z.union([listSchema, z.strictObject({ tokens: listSchema }).transform(({ tokens }) => tokens)])

export type Token = {
  /** tells one client from another; no secret */
  readonly id: string
  readonly scopes: readonly Access[]
  /** of the collections that it opens; '' is all */
  readonly prefix: string
}

export interface Tokens {
  readonly count: number
  find(text: string): Token | null
}

export type ParsedTokens =
  | { readonly kind: 'ok'; readonly tokens: Tokens }
  | { readonly kind: 'faulty'; readonly why: string }

/** @param path tells the format: what ends in .toml is TOML, the rest JSON */
export function parseTokens(text: string, path: string): ParsedTokens {
  const read = path.endsWith('.toml') ? tomlOf(text) : jsonOf(text)
  if (read === null) return { kind: 'faulty', why: `no ${path.endsWith('.toml') ? 'TOML' : 'JSON'}` }
  const parsed = fileSchema.safeParse(read.value)
  if (!parsed.success) return { kind: 'faulty', why: firstFault(read.value) }
  const hashes = new Set(parsed.data.map(token => token.hash))
  if (hashes.size < parsed.data.length) return { kind: 'faulty', why: 'two tokens have one hash' }
  return { kind: 'ok', tokens: lookup(parsed.data) }
}

/** Where it is, and what is allowed there; never what stands there. */
function firstFault(value: unknown): string {
  const list = typeof value === 'object' && value !== null && 'tokens' in value ? value.tokens : value
  const issue = listSchema.safeParse(list).error?.issues[0]
  if (issue === undefined) return 'it has more than the list of tokens'
  const [at, ...rest] = issue.path.map(String)
  return `${at === undefined ? '' : `token ${Number(at) + 1}${rest.map(part => `, ${part}`).join('')}: `}${issue.message}`
}

/**
 * Found by a keyed hash whose key nobody knows and no other process has: what the time of a look-up may tell of it is of
 * no use, and it takes as long with one token as with all.
 */
function lookup(list: readonly z.output<typeof tokenSchema>[]): Tokens {
  const key = randomBytes(32)
  const blinded = (digest: Buffer): string => createHmac('sha256', key).update(digest).digest('base64')
  const known = new Map(
    list.map(({ hash: hex, scopes, prefix }) => {
      const digest = Buffer.from(hex, 'hex')
      return [blinded(digest), { digest, token: { id: hex, scopes, prefix } }] as const
    }),
  )
  return {
    count: known.size,
    find(text) {
      const digest = hash('sha256', text, 'buffer')
      const found = known.get(blinded(digest))
      return found !== undefined && timingSafeEqual(found.digest, digest) ? found.token : null
    },
  }
}

function jsonOf(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** The messages of both parsers quote the text. */
function tomlOf(text: string): { readonly value: unknown } | null {
  try {
    return { value: parse(text) }
  } catch (error) {
    if (error instanceof TomlError) return null
    throw error
  }
}
