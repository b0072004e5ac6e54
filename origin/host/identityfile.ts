// identity.json in the data directory: what this origin remembers about itself, sealed with a checksum and with the
// place where it was written.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Identity, IdentityFile } from '../../replicator/identity.ts'
import { recordSchema, registerValueSchema } from '../../replicator/register/value.ts'
import type { OriginName } from '../../router/words.ts'
import { reach } from '../failpoint.ts'
import { finishAside, IDENTITY_FILE, isDatabase } from './aside.ts'
import { replaceFile } from './durable.ts'
import { errnoOf } from './errno.ts'
import { placeOf, placeSchema, samePlace } from './place.ts'

export type LoadedIdentity =
  /** nothing of a store is here */
  | { readonly kind: 'new' }
  | { readonly kind: 'found'; readonly identity: Identity }
  /** a person must look: never begin anew here */
  | { readonly kind: 'damaged'; readonly why: string }
  /** it is the other origin's: the very directory, or a copy of it */
  | { readonly kind: 'foreign'; readonly name: OriginName; readonly copied: boolean }
  /** a copy of the directory that the identity was written in: another one may live on under the same name */
  | { readonly kind: 'copied'; readonly identity: Identity }

const originName = z.enum(['a', 'b'])
const id = z.string().min(1).max(200)
const identitySchema = z.strictObject({
  format: z.literal(1),
  name: originName,
  store: id,
  lineage: id.nullable(),
  incarnations: z.array(id),
  ballotCounter: z.int().min(0),
  intent: registerValueSchema.nullable(),
  epoch: z.int().min(0),
  record: recordSchema.nullable().default(null),
  restored: z
    .strictObject({ from: id, epoch: z.int().min(1) })
    .nullable()
    .default(null),
  drifted: z.array(z.enum(['s0', 's1'])),
  drained: z.boolean(),
}) satisfies z.ZodType<Identity>

const fileSchema = z.strictObject({ identity: z.unknown(), place: placeSchema, sha256: z.string() })

const checksumOf = (identity: unknown): string => createHash('sha256').update(JSON.stringify(identity)).digest('hex')

/** Finishes what a move aside left half done, then reads. Save the identity before the databases are first made. */
export async function loadIdentity(dataDir: string, name: OriginName): Promise<LoadedIdentity> {
  await finishAside(dataDir)
  const text = await readIfThere(join(dataDir, IDENTITY_FILE))
  if (text === null) return withoutIdentity(dataDir)
  const parsed = parseIdentity(text)
  if (parsed.kind === 'damaged') return parsed
  const { identity, place } = parsed
  const copied = !samePlace(place, await placeOf(dataDir))
  if (identity.name !== name) return { kind: 'foreign', name: identity.name, copied }
  return { kind: copied ? 'copied' : 'found', identity }
}

async function withoutIdentity(dataDir: string): Promise<LoadedIdentity> {
  const databases = (await namesIn(dataDir)).filter(isDatabase)
  if (databases.length === 0) return { kind: 'new' }
  return { kind: 'damaged', why: `${dataDir} holds ${databases.join(', ')}, but no ${IDENTITY_FILE}` }
}

type Parsed =
  | { readonly kind: 'parsed'; readonly identity: Identity; readonly place: z.output<typeof placeSchema> }
  | { readonly kind: 'damaged'; readonly why: string }

function parseIdentity(text: string): Parsed {
  const damaged = (why: string): Parsed => ({ kind: 'damaged', why: `${IDENTITY_FILE} ${why}` })
  const json = parseJson(text)
  if (json === null) return damaged('is not JSON')
  const file = fileSchema.safeParse(json)
  if (!file.success) return damaged(`is not as it was written: ${z.prettifyError(file.error)}`)
  if (checksumOf(file.data.identity) !== file.data.sha256) return damaged('does not match its checksum')
  const identity = identitySchema.safeParse(file.data.identity)
  if (!identity.success) return damaged(`is of another version: ${z.prettifyError(identity.error)}`)
  return { kind: 'parsed', identity: identity.data, place: file.data.place }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return null
  }
}

/** The directory must exist. A save that fails rejects, and so does every later one: what is on disk is then unknown. */
export function createIdentityFile(dataDir: string): IdentityFile {
  let saved: Promise<void> = Promise.resolve()
  return {
    save: identity => {
      // As it is now: a later change must not slip into an earlier save.
      const sealed = JSON.stringify(identity)
      saved = saved.then(() => write(dataDir, sealed))
      return saved
    },
  }
}

async function write(dataDir: string, sealed: string): Promise<void> {
  const identity: unknown = JSON.parse(sealed)
  const { inode, birth } = await placeOf(dataDir)
  const text = JSON.stringify({ identity, place: { inode, birth }, sha256: checksumOf(identity) }, null, 2)
  await replaceFile(join(dataDir, IDENTITY_FILE), `${text}\n`, {
    beforeRename: () => reach('identity.before-rename'),
    afterRename: () => reach('identity.after-rename'),
  })
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
