// What a shard's writer can be asked for. Everything is judged by the writer, in the group's transaction.

export type Condition =
  | { readonly kind: 'none' }
  /** true where the document exists and its ETag is one of these; `*` is any */
  | { readonly kind: 'match'; readonly etags: readonly string[] | '*' }
  /** true where the document is absent or has none of these ETags; `*` is any */
  | { readonly kind: 'noneMatch'; readonly etags: readonly string[] | '*' }

/** By what a repeat of a write is recognised. `scope` is the key of its record, see entry/record.ts. */
export type Idempotency =
  /** the client's own key; `fingerprint` is of the content, so that another request under the same key is noticed */
  | { readonly kind: 'client'; readonly scope: string; readonly fingerprint: string }
  /** a router's key for one request, `mintedAt` by its wall clock */
  | { readonly kind: 'minted'; readonly scope: string; readonly mintedAt: number }

/** RFC 7396; RFC 6902. */
export type PatchForm = 'merge' | 'json'

export type Put<Bytes = Uint8Array> = {
  readonly op: 'put'
  readonly key: string
  readonly type: string
  readonly body: Bytes
  /** wall-clock milliseconds; null is never */
  readonly expires: number | null
  readonly conditions: readonly Condition[]
}

export type Patch<Bytes = Uint8Array> = {
  readonly op: 'patch'
  readonly key: string
  readonly form: PatchForm
  /** JSON text */
  readonly body: Bytes
  /** what the document may become at most */
  readonly bytesMax: number
  readonly conditions: readonly Condition[]
}

export type Delete = { readonly op: 'delete'; readonly key: string; readonly conditions: readonly Condition[] }

/** A change of one document. */
export type Change<Bytes = Uint8Array> = Put<Bytes> | Patch<Bytes> | Delete

/** Changes nothing, and must hold. */
export type Check = { readonly op: 'check'; readonly key: string; readonly conditions: readonly Condition[] }

/** A document under a key that its client did not choose: refused where there is one already. */
export type Create<Bytes = Uint8Array> = Omit<Put<Bytes>, 'op'> & { readonly op: 'create' }

/** All or none, one after the other: each sees what those before it did. */
export type Transaction<Bytes = Uint8Array> = {
  readonly op: 'tx'
  readonly ops: readonly (Change<Bytes> | Check)[]
}

type Asked = {
  /** wall-clock milliseconds, for Last-Modified and for the age of idempotency records */
  readonly at: number
  readonly idem?: Idempotency
}

/** Deletes those of these documents that are due at `at`: only a primary asks for it. */
export type Expire = { readonly op: 'expire'; readonly keys: readonly string[]; readonly at: number }

/** `Bytes` is how bodies are held: themselves, or where they lie, on the way to a thread. */
export type WriteCommand<Bytes = Uint8Array> =
  | ((Change<Bytes> | Create<Bytes> | Transaction<Bytes>) & Asked)
  | (Expire & { readonly idem?: undefined })

/** The same command with its bodies held in another way; `hold` meets them in order. */
export function mapBodies<A, B>(command: WriteCommand<A>, hold: (body: A) => B): WriteCommand<B> {
  switch (command.op) {
    case 'put':
    case 'create':
    case 'patch':
      return { ...command, body: hold(command.body) }
    case 'tx':
      return { ...command, ops: command.ops.map(op => holdOf(op, hold)) }
    case 'delete':
    case 'expire':
      return command
  }
}

const holdOf = <A, B>(op: Change<A> | Check, hold: (body: A) => B): Change<B> | Check =>
  op.op === 'put' || op.op === 'patch' ? { ...op, body: hold(op.body) } : op

/** Bytes of all bodies. */
export function bodyBytesOf(command: WriteCommand): number {
  switch (command.op) {
    case 'put':
    case 'create':
    case 'patch':
      return command.body.length
    case 'tx': {
      let sum = 0
      for (const op of command.ops) if (op.op === 'put' || op.op === 'patch') sum += op.body.length
      return sum
    }
    case 'delete':
    case 'expire':
      return 0
  }
}
