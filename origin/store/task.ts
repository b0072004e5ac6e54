// A short-lived thread for one long read of a shard (a snapshot, a digest, a range of a comparison), so that neither loop nor writer waits for it.
import { parentPort, workerData } from 'node:worker_threads'
import type { SnapshotFile } from '../../replicator/store/shardstore.ts'
import type { ShardName } from '../../router/words.ts'
import type { ShardDigest } from '../http/ports.ts'
import type { Answer, Question } from '../verify/copy.ts'
import { answerCopy } from './copy.ts'
import { makeDigest } from './digest.ts'
import { makeSnapshot } from './snapshot.ts'
import { messageOf } from './sqlite.ts'

export type Task =
  | { readonly kind: 'snapshot'; readonly dataDir: string; readonly shard: ShardName; readonly name: string }
  | { readonly kind: 'digest'; readonly dataDir: string; readonly shard: ShardName }
  | { readonly kind: 'copy'; readonly dataDir: string; readonly shard: ShardName; readonly question: Question }

export type TaskResult =
  | { readonly kind: 'snapshot'; readonly value: SnapshotFile }
  | { readonly kind: 'digest'; readonly value: ShardDigest }
  | { readonly kind: 'copy'; readonly value: Answer }
  | { readonly kind: 'failed'; readonly message: string }

function run(task: Task): TaskResult {
  const { kind, dataDir, shard } = task
  try {
    if (kind === 'digest') return { kind, value: makeDigest(dataDir, shard) }
    if (kind === 'copy') return { kind, value: answerCopy(dataDir, shard, task.question) }
    return { kind, value: makeSnapshot(dataDir, shard, task.name) }
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) }
  }
}

const task: Task = workerData
parentPort?.postMessage(run(task))
