// An entry as bytes: what the log keeps, both lanes carry and the standby checks. Pure; layout, big-endian:
//   head  magic 4 | codec version 2 | schema version 2 | total length 4 | shard 1 | zero 1 | ops 2 | epoch 8 | index 8 | previous hash 16
//   op    table 1 | has new row 1 | key length 2 | type length 2 | zero 2 | body length 4 | time 8 | expires 8 | old row's hash 16 | key | type | body
//   tail  CRC-32 of all before 4
// Magic, versions, length and CRC stay where they are in every version, so that "damaged" and "of another version" differ.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { SHARDS, type ShardName } from '../../router/words.ts'
import { ENTRY_BYTES_MAX, KEY_BYTES_MAX, OPS_MAX, SCHEMA_VERSION, TYPE_BYTES_MAX } from './limits.ts'
import { HASH_HEX_CHARS, type Position } from './position.ts'
import { NEVER, NO_ROW_HASH } from './row.ts'

export const TABLE_DOCUMENTS = 1
/** Idempotency records, see record.ts: in an entry's order they stand behind the write whose outcome they keep. */
export const TABLE_RECORDS = 2
export type Table = typeof TABLE_DOCUMENTS | typeof TABLE_RECORDS

export type NewRow = {
  readonly type: string
  readonly body: Uint8Array
  readonly modified: number
  readonly expires: number | null
  /** the operation's number in its entry, from 0: not in the bytes, for it is its place */
  readonly n: number
}

/** `oldHash` is of the whole old row (see rowHash), NO_ROW_HASH where there was none. */
export type Op =
  | { readonly table: Table; readonly key: string; readonly oldHash: string; readonly newRow: NewRow }
  /** `at`: when it was deleted, in wall-clock milliseconds */
  | {
      readonly table: Table
      readonly key: string
      readonly oldHash: string
      readonly newRow: null
      readonly at: number
    }

export type EntryHead = {
  readonly shard: ShardName
  readonly epoch: number
  readonly index: number
  /** hash of the history before this entry */
  readonly previousHash: string
}

export type Entry = EntryHead & { readonly ops: readonly Op[] }

export type Damage = { readonly kind: 'corrupt' | 'version'; readonly detail: string }
export type Decoded = { readonly kind: 'ok'; readonly entry: Entry } | Damage
export type Peeked = { readonly kind: 'ok'; readonly head: EntryHead } | Damage

const MAGIC = 0x54444d45 // TDME
const CODEC_VERSION = 2
const HEAD_BYTES = 48
const OP_BYTES = 44
const CRC_BYTES = 4
const ENTRY_BYTES_MIN = HEAD_BYTES + OP_BYTES + CRC_BYTES
const TWO_32 = 2 ** 32

/** Bytes of an entry with no operations in it; opBytes adds up from here. */
export const ENTRY_BYTES_EMPTY = HEAD_BYTES + CRC_BYTES

/** Bytes that an operation takes in an entry. */
export const opBytes = (op: Op): number =>
  OP_BYTES +
  Buffer.byteLength(op.key) +
  (op.newRow === null ? 0 : Buffer.byteLength(op.newRow.type) + op.newRow.body.length)

/** The bytes have an ArrayBuffer of their own. Throws a RangeError where a limit is broken: the writer checks them first. */
export function encodeEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  const { ops } = entry
  if (ops.length === 0 || ops.length > OPS_MAX) throw new RangeError(`an entry of ${ops.length} operations`)
  let total = ENTRY_BYTES_EMPTY
  for (const op of ops) total += opBytes(op)
  if (total > ENTRY_BYTES_MAX) throw new RangeError(`an entry of ${total} bytes`)
  if (entry.epoch < 1 || entry.index < 1) throw new RangeError(`an entry at ${entry.epoch}.${entry.index}`)
  const out = Buffer.allocUnsafeSlow(total)
  out.writeUInt32BE(MAGIC, 0)
  out.writeUInt16BE(CODEC_VERSION, 4)
  out.writeUInt16BE(SCHEMA_VERSION, 6)
  out.writeUInt32BE(total, 8)
  out.writeUInt8(SHARDS.indexOf(entry.shard), 12)
  out.writeUInt8(0, 13)
  out.writeUInt16BE(ops.length, 14)
  writeSafe(out, entry.epoch, 16)
  writeSafe(out, entry.index, 24)
  writeHash(out, entry.previousHash, 32)
  let at = HEAD_BYTES
  for (const [n, op] of ops.entries()) at = writeOp(out, op, n, at)
  out.writeUInt32BE(crc32(out.subarray(0, at)), at)
  return out
}

function writeOp(out: Buffer, op: Op, n: number, at: number): number {
  const { newRow } = op
  if (newRow !== null && newRow.n !== n) throw new RangeError(`operation ${n} says that it is ${newRow.n}`)
  const keyAt = at + OP_BYTES
  const keyBytes = out.write(op.key, keyAt, 'utf8')
  const typeBytes = newRow === null ? 0 : out.write(newRow.type, keyAt + keyBytes, 'utf8')
  if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) throw new RangeError(`a key of ${keyBytes} bytes`)
  if (newRow === null && op.oldHash === NO_ROW_HASH) throw new RangeError(`operation ${n} deletes nothing`)
  if (typeBytes > TYPE_BYTES_MAX) throw new RangeError(`a type of ${typeBytes} bytes`)
  out.writeUInt8(op.table, at)
  out.writeUInt8(newRow === null ? 0 : 1, at + 1)
  out.writeUInt16BE(keyBytes, at + 2)
  out.writeUInt16BE(typeBytes, at + 4)
  out.writeUInt16BE(0, at + 6)
  out.writeUInt32BE(newRow === null ? 0 : newRow.body.length, at + 8)
  writeSafe(out, op.newRow === null ? op.at : op.newRow.modified, at + 12)
  writeSafe(out, newRow?.expires ?? NEVER, at + 20)
  writeHash(out, op.oldHash, at + 28)
  if (newRow === null) return keyAt + keyBytes
  out.set(newRow.body, keyAt + keyBytes + typeBytes)
  return keyAt + keyBytes + typeBytes + newRow.body.length
}

/** Where the entry stands, from its head alone: length and versions are checked, the CRC is not. Never throws. */
export function peekEntry(bytes: Uint8Array): Peeked {
  const from = view(bytes)
  const damage = checkEnvelope(from) ?? checkVersions(from)
  return damage ?? readHead(from)
}

/** Never throws, whatever the bytes. Bodies are views of `bytes`. What decodes encodes to the same bytes again. */
export function decodeEntry(bytes: Uint8Array): Decoded {
  const from = view(bytes)
  const damage = checkEnvelope(from) ?? checkCrc(from) ?? checkVersions(from)
  if (damage !== null) return damage
  const peeked = readHead(from)
  if (peeked.kind !== 'ok') return peeked
  const count = from.readUInt16BE(14)
  if (count === 0 || count > OPS_MAX) return corrupt(`${count} operations`)
  const end = from.length - CRC_BYTES
  const ops: Op[] = []
  let at = HEAD_BYTES
  for (let n = 0; n < count; n++) {
    const op = readOp(from, n, at, end)
    if ('kind' in op) return op
    ops.push(op)
    at += opBytesAt(from, at)
  }
  if (at !== end) return corrupt(`${end - at} bytes after the last operation`)
  return { kind: 'ok', entry: { ...peeked.head, ops } }
}

/** The position that an entry leads to: its hash covers the history before it. Throws where the bytes are no entry. */
export function positionAfter(previousHash: string, bytes: Uint8Array): Position {
  const peeked = peekEntry(bytes)
  if (peeked.kind !== 'ok') throw new RangeError(`no entry: ${peeked.detail}`)
  const hash = createHash('sha256').update(previousHash, 'hex').update(bytes).digest('hex').slice(0, HASH_HEX_CHARS)
  return { epoch: peeked.head.epoch, index: peeked.head.index, hash }
}

const corrupt = (detail: string): Damage => ({ kind: 'corrupt', detail })
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function checkEnvelope(from: Buffer): Damage | null {
  if (from.length < ENTRY_BYTES_MIN || from.length > ENTRY_BYTES_MAX) return corrupt(`${from.length} bytes`)
  if (from.readUInt32BE(0) !== MAGIC) return corrupt('does not begin as an entry does')
  const total = from.readUInt32BE(8)
  return total === from.length ? null : corrupt(`${from.length} bytes where ${total} were written`)
}

function checkCrc(from: Buffer): Damage | null {
  const end = from.length - CRC_BYTES
  return from.readUInt32BE(end) === crc32(from.subarray(0, end)) ? null : corrupt('checksum differs')
}

function checkVersions(from: Buffer): Damage | null {
  const codec = from.readUInt16BE(4)
  const schema = from.readUInt16BE(6)
  if (codec === CODEC_VERSION && schema === SCHEMA_VERSION) return null
  const detail = `codec ${codec}, schema ${schema}; this is codec ${CODEC_VERSION}, schema ${SCHEMA_VERSION}`
  return { kind: 'version', detail }
}

function readHead(from: Buffer): Peeked {
  const shard = SHARDS[from.readUInt8(12)]
  const epoch = readSafe(from, 16)
  const index = readSafe(from, 24)
  if (shard === undefined) return corrupt(`shard number ${from.readUInt8(12)}`)
  if (from.readUInt8(13) !== 0) return corrupt('bits set that mean nothing')
  if (epoch === null || epoch === 0 || index === null || index === 0) return corrupt('epoch or index out of range')
  return { kind: 'ok', head: { shard, epoch, index, previousHash: readHash(from, 32) } }
}

const opBytesAt = (from: Buffer, at: number): number =>
  OP_BYTES + from.readUInt16BE(at + 2) + from.readUInt16BE(at + 4) + from.readUInt32BE(at + 8)

function readOp(from: Buffer, n: number, at: number, end: number): Op | Damage {
  if (at + OP_BYTES > end || at + opBytesAt(from, at) > end) return corrupt(`operation ${n} ends after the entry`)
  const table = readTable(from.readUInt8(at))
  const has = from.readUInt8(at + 1)
  const typeAt = at + OP_BYTES + from.readUInt16BE(at + 2)
  const bodyAt = typeAt + from.readUInt16BE(at + 4)
  const time = readSafe(from, at + 12)
  const expires = readSafe(from, at + 20)
  const oldHash = readHash(from, at + 28)
  const key = readText(from, at + OP_BYTES, typeAt, KEY_BYTES_MAX)
  const type = readText(from, typeAt, bodyAt, TYPE_BYTES_MAX)
  if (table === null) return corrupt(`operation ${n} on table ${from.readUInt8(at)}`)
  if (has > 1 || from.readUInt16BE(at + 6) !== 0) return corrupt(`operation ${n} has bits set that mean nothing`)
  if (key === null || key === '') return corrupt(`operation ${n} has no proper key`)
  if (type === null) return corrupt(`operation ${n} has no proper type`)
  if (table === TABLE_RECORDS && type !== '') return corrupt(`operation ${n} gives a record a type`)
  if (time === null || expires === null) return corrupt(`operation ${n} has a time out of range`)
  if (table === TABLE_RECORDS && expires !== NEVER) return corrupt(`operation ${n} lets a record expire`)
  const body = from.subarray(bodyAt, at + opBytesAt(from, at))
  if (has === 1) {
    const newRow = { type, body, modified: time, expires: expires === NEVER ? null : expires, n }
    return { table, key, oldHash, newRow }
  }
  if (type !== '' || body.length !== 0 || expires !== NEVER) return corrupt(`operation ${n} deletes and brings a row`)
  if (oldHash === NO_ROW_HASH) return corrupt(`operation ${n} deletes nothing`)
  return { table, key, oldHash, newRow: null, at: time }
}

const readTable = (number: number): Table | null =>
  number === TABLE_DOCUMENTS || number === TABLE_RECORDS ? number : null

function readText(from: Buffer, start: number, end: number, bytesMax: number): string | null {
  if (end - start > bytesMax || !isUtf8(from.subarray(start, end))) return null
  return from.toString('utf8', start, end)
}

const readHash = (from: Buffer, at: number): string => from.toString('hex', at, at + HASH_HEX_CHARS / 2)

function writeHash(out: Buffer, hash: string, at: number): void {
  const written = hash.length === HASH_HEX_CHARS ? out.write(hash, at, 'hex') : 0
  if (written !== HASH_HEX_CHARS / 2) throw new RangeError(`no hash: ${hash}`)
}

/** 64 bits of which only what JavaScript counts exactly may be used; null beyond. */
function readSafe(from: Buffer, at: number): number | null {
  const value = from.readUInt32BE(at) * TWO_32 + from.readUInt32BE(at + 4)
  return Number.isSafeInteger(value) ? value : null
}

function writeSafe(out: Buffer, value: number, at: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`no safe integer: ${value}`)
  out.writeUInt32BE(Math.floor(value / TWO_32), at)
  out.writeUInt32BE(value % TWO_32, at + 4)
}
