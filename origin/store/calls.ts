// What goes between an origin's event loop and a shard's thread. Bodies and entries travel as one transferred buffer, a group's
// commands and what became of them as one text: a copy of so many objects costs both threads several times as much.
import type { Position } from '../../replicator/entry/position.ts'
import { mapBodies, type WriteCommand } from '../../replicator/store/command.ts'
import type { ApplyOutcome, LoggedEntry, SnapshotFile, WriteResult } from '../../replicator/store/shardstore.ts'
import type { Place } from './database.ts'

export type ThreadData = Place

/** Each body is the next so many bytes of the pack. */
type PackedCommand = WriteCommand<number>

/** `settled`: what has been settled since the last call, or null. It rides along: a message of its own wakes a thread. */
export type Message = { readonly call: Call; readonly settled: number | null }

export type Call =
  | {
      readonly op: 'write'
      readonly epoch: number
      /** see packCommands */
      readonly commands: string
      readonly pack: ArrayBuffer
    }
  | { readonly op: 'fence'; readonly epoch: number }
  | { readonly op: 'apply'; readonly lengths: readonly number[]; readonly pack: ArrayBuffer }
  /** nothing else came for a while */
  | { readonly op: 'settle' }
  | { readonly op: 'tail'; readonly max: number }
  | { readonly op: 'locate'; readonly positions: readonly Position[] }
  | { readonly op: 'read'; readonly index: number; readonly bytesMax: number }
  | { readonly op: 'undo'; readonly index: number; readonly why: string }
  | { readonly op: 'install'; readonly file: SnapshotFile; readonly why: string }
  | { readonly op: 'close' }

/** Answers come in the order of the calls; fence and settle have none. */
export type Answer =
  /** see textOf; its entry went ahead, as its COMMIT began */
  | { readonly op: 'write'; readonly value: string }
  | { readonly op: 'apply'; readonly value: ApplyOutcome }
  | { readonly op: 'tail'; readonly value: readonly Position[] }
  | { readonly op: 'locate'; readonly value: Position | null }
  | { readonly op: 'read'; readonly value: readonly LoggedEntry[] | null }
  | { readonly op: 'undo'; readonly value: { readonly quarantined: number; readonly last: Position } }
  | { readonly op: 'install'; readonly value: { readonly last: Position; readonly aside: string } }
  | { readonly op: 'close' }
  /** the call was rejected, and nothing of it took effect */
  | { readonly op: 'rejected'; readonly name: string; readonly message: string }

/** `replaced` where another file is the database now, or may be: the reader must open it anew. */
export type Reply =
  | { readonly kind: 'prepared'; readonly entry: LoggedEntry }
  | { readonly kind: 'answer'; readonly last: Position; readonly replaced: boolean; readonly answer: Answer }
export type Opened =
  | { readonly kind: 'opened'; readonly last: Position; readonly fresh: boolean }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string }

export function packCommands(commands: readonly WriteCommand[]): { commands: string; pack: ArrayBuffer } {
  const bodies: Uint8Array[] = []
  const packed = commands.map(command =>
    mapBodies(command, body => {
      bodies.push(body)
      return body.length
    }),
  )
  return { commands: JSON.stringify(packed), pack: packBytes(bodies) }
}

export function unpackCommands(commands: string, pack: ArrayBuffer): WriteCommand[] {
  const packed: readonly PackedCommand[] = JSON.parse(commands)
  let at = 0
  return packed.map(command =>
    mapBodies(command, length => {
      const body = new Uint8Array(pack, at, length)
      at += length
      return body
    }),
  )
}

export const textOf = (result: WriteResult<Position>): string => JSON.stringify(result)

export const resultOf = (text: string): WriteResult<Position> => JSON.parse(text)

/** One copy on this side is cheaper than a transfer list of many small buffers, and most are views of a shared pool anyway. */
export function packBytes(parts: readonly Uint8Array[]): ArrayBuffer {
  const pack = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    pack.set(part, at)
    at += part.length
  }
  return pack.buffer
}

export function unpackBytes(lengths: readonly number[], pack: ArrayBuffer): Uint8Array[] {
  let at = 0
  return lengths.map(length => {
    const part = new Uint8Array(pack, at, length)
    at += length
    return part
  })
}
