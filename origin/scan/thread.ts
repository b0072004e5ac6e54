// The thread that scans one shard: neither the event loop nor the writer waits for a list or for the feed.
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../store/sqlite.ts'
import type { ScanCall, ScanPlace, ScanReply } from './question.ts'
import { Scanner } from './scanner.ts'

if (parentPort === null) throw new Error('thread.ts runs as a worker thread only')
const port = parentPort
const place: ScanPlace = workerData

let scanner: Scanner | null = null

function take(call: ScanCall): void {
  if (call.op === 'ask') return port.postMessage(answered(call))
  scanner?.close()
  scanner = null
  if (call.op === 'close') port.close()
}

function answered({ question }: Extract<ScanCall, { op: 'ask' }>): ScanReply {
  try {
    scanner ??= new Scanner(place)
    return scanner.answer(question)
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) }
  }
}

port.on('message', take)
