// What the store's tests share: stores in directories of their own, removed afterwards, and short forms of commands.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { STORE_LIMITS, type StoreLimits } from '../../../origin/store/limits.ts'
import { type OpenStore, openShardStore } from '../../../origin/store/store.ts'
import type { Condition, Idempotency, PatchForm, WriteCommand } from '../../../replicator/store/command.ts'
import type { WriteOutcome } from '../../../replicator/store/outcome.ts'
import type { LoggedEntry } from '../../../replicator/store/shardstore.ts'
import type { ShardName } from '../../../router/words.ts'

type Command<Op extends WriteCommand['op']> = WriteCommand & { readonly op: Op }

export const put = (
  key: string,
  body: string | Uint8Array,
  conditions: readonly Condition[] = [],
  expires: number | null = null,
): Command<'put'> => ({
  op: 'put',
  key,
  type: 'text/plain',
  body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  expires,
  conditions,
  at: 1_700_000_000_000,
})

export const remove = (key: string, conditions: readonly Condition[] = []): Command<'delete'> => ({
  op: 'delete',
  key,
  conditions,
  at: 1_700_000_000_001,
})

export const patchOf = (
  key: string,
  form: PatchForm,
  text: string,
  conditions: readonly Condition[] = [],
  bytesMax = 1024 * 1024,
): Command<'patch'> => ({
  op: 'patch',
  key,
  form,
  body: new TextEncoder().encode(text),
  bytesMax,
  conditions,
  at: 1_700_000_000_002,
})

export const withKey = <C extends Exclude<WriteCommand, { op: 'expire' }>>(
  command: C,
  idem: Idempotency,
  at = command.at,
): C => ({
  ...command,
  at,
  idem,
})

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'tandem-store-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Closed when the test ends; closing it earlier is fine. */
export async function openStore(
  dataDir = temporaryDirectory(),
  limits: Partial<StoreLimits> = {},
  shard: ShardName = 's0',
): Promise<OpenStore & { dataDir: string }> {
  const opened = await openShardStore({ dataDir, shard, limits: { ...STORE_LIMITS, ...limits } })
  onTestFinished(() => opened.store.close())
  return { ...opened, dataDir }
}

export type Written = {
  readonly outcomes: readonly WriteOutcome[]
  readonly entry: LoggedEntry | null
  readonly seen: number
}

export async function write({ store }: OpenStore, commands: readonly WriteCommand[], epoch = 1): Promise<Written> {
  const result = await store.write(epoch, commands)
  if (result.kind !== 'done') throw new Error(`${result.reason}: ${result.detail}`)
  return result
}

/** The entry of a group that must have made one. */
export async function entryOf(store: OpenStore, commands: readonly WriteCommand[], epoch = 1): Promise<LoggedEntry> {
  const { entry } = await write(store, commands, epoch)
  if (entry === null) throw new Error('the group made no entry')
  return entry
}

export function bodyOf({ reader }: OpenStore, key: string): string | null {
  const read = reader.get(key)
  return read.kind === 'found' ? new TextDecoder().decode(read.body) : null
}
