// Files and directories made durable: a rename or a new name counts only once its directory is on the disk.
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, statfsSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CHUNK_BYTES, DISK_SHARE_OF_LOG, DISK_SHARE_RESERVED } from './limits.ts'

export function syncDirectory(path: string): void {
  syncFile(path)
}

/** Never for a database that is open: see sqlite.ts. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes the directory where it is missing, so that it survives a power cut. */
export function ensureDirectory(path: string): void {
  if (mkdirSync(path, { recursive: true }) !== undefined) syncDirectory(dirname(path))
}

/** Renames within one file system; both directories are on the disk afterwards. */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to)
  syncDirectory(dirname(to))
  if (dirname(from) !== dirname(to)) syncDirectory(dirname(from))
}

/** Calls `fill` with a function that appends; the file appears under its name whole and durable, or not at all. */
export function writeDurably(path: string, fill: (append: (text: string) => void) => void): void {
  const partial = `${path}.partial`
  const fd = openSync(partial, 'w', 0o600)
  try {
    fill(text => appendAll(fd, Buffer.from(text)))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  moveDurably(partial, path)
}

function appendAll(fd: number, bytes: Buffer): void {
  let at = 0
  while (at < bytes.length) at += writeSync(fd, bytes, at)
}

/** Why so many bytes must not be written here, or null: the reserve is for what may not fail. */
export function diskLow(path: string, reserve: number, bytes: number): string | null {
  const { bavail, bsize, blocks } = statfsSync(path)
  const reserved = Math.min(reserve, blocks * bsize * DISK_SHARE_RESERVED)
  const free = bavail * bsize
  if (free >= reserved + bytes) return null
  return `the disk has ${free} bytes left, ${Math.ceil(reserved)} of them in reserve, and ${bytes} were to be written`
}

/** How much history a log keeps there. @param most on a disk that is large enough */
export function logBytesAt(path: string, most: number): number {
  const { bsize, blocks } = statfsSync(path)
  return Math.min(most, blocks * bsize * DISK_SHARE_OF_LOG)
}

export type FileDigest = { readonly bytes: number; readonly sha256: string }

/** Reads the file in pieces. */
export function digestFile(path: string): FileDigest {
  const digest = createHash('sha256')
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const fd = openSync(path, 'r')
  try {
    let bytes = 0
    for (;;) {
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, null)
      if (length === 0) return { bytes, sha256: digest.digest('hex') }
      digest.update(chunk.subarray(0, length))
      bytes += length
    }
  } finally {
    closeSync(fd)
  }
}
