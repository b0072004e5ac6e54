// Brings the peer's snapshot onto this disk: streamed to a file, bounded in memory; the store checks it before it installs.
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SnapshotOffer } from '../replicator/core/events.ts'
import type { SnapshotFile } from '../replicator/store/shardstore.ts'
import { SECRET_HEADER } from '../router/private.ts'
import type { ShardName } from '../router/words.ts'

/** The peer answers at once or not at all; the transfer itself may take as long as bytes keep coming. */
const SILENCE_MS = 30_000

export type Fetching = {
  readonly peer: string
  readonly secret: string
  readonly dataDir: string
  readonly fetchPeer: typeof fetch
}

export async function fetchSnapshot(
  { peer, secret, dataDir, fetchPeer }: Fetching,
  shard: ShardName,
  offer: SnapshotOffer,
): Promise<SnapshotFile> {
  const dir = join(dataDir, 'snapshots')
  const path = join(dir, `${shard}-fetched.sqlite`)
  await mkdir(dir, { recursive: true })
  await rm(path, { force: true })
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  const stillComing = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(new Error('the transfer of the snapshot stalled')), SILENCE_MS)
  }
  try {
    const response = await fetchPeer(`${peer}/_tandem/snapshot/${shard}?sha256=${offer.sha256}`, {
      headers: { [SECRET_HEADER]: secret },
      signal: silence.signal,
    })
    if (response.status !== 200 || response.body === null) throw new Error(`the peer answered ${response.status}`)
    await pipeline(
      Readable.from(chunks(response.body, stillComing)),
      createWriteStream(path, { flush: true, mode: 0o600 }),
    )
    return { path, position: offer.position, bytes: offer.bytes, sha256: offer.sha256 }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function* chunks(body: ReadableStream<Uint8Array>, arrived: () => void): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      arrived()
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}
