// A process of its own for the crash tests: node crash-child.ts SCENARIO DATA_DIR [ARGUMENT]. Prints one line for each answer.
import { readFileSync } from 'node:fs'
import { holdExclusive } from '../../../origin/store/sqlite.ts'
import { openShardStore } from '../../../origin/store/store.ts'
import type { SnapshotFile } from '../../../replicator/store/shardstore.ts'

const [scenario, dataDir = '', argument = ''] = process.argv.slice(2)
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
const body = (text: string) => new TextEncoder().encode(text)

async function writeGroups(groups: number, bodyBytes: number): Promise<void> {
  const { store } = await openShardStore({ dataDir, shard: 's0' })
  for (let group = 1; group <= groups; group++) {
    const commands = [`c/${group}`, 'c/shared'].map(key => ({
      op: 'put' as const,
      key,
      type: 'text/plain',
      body: body(`${group}`.padEnd(bodyBytes, '.')),
      expires: null,
      conditions: [],
      at: group,
    }))
    const result = await store.write(1, commands)
    say(result.kind === 'done' ? result.seen : result)
  }
  await store.close()
}

/** The argument names a file of entries, one a line in base64. */
async function applyAll(): Promise<void> {
  const entries = readFileSync(argument, 'utf8')
    .trim()
    .split('\n')
    .map(line => Buffer.from(line, 'base64'))
  const { store } = await openShardStore({ dataDir, shard: 's0' })
  for (const entry of entries) say((await store.apply([entry])).last.index)
  await store.close()
}

async function undoTo(index: number): Promise<void> {
  const { store } = await openShardStore({ dataDir, shard: 's0' })
  say(await store.undo(index, 'crash test'))
  await store.close()
}

async function installFile(): Promise<void> {
  const file: SnapshotFile = JSON.parse(argument)
  const { store } = await openShardStore({ dataDir, shard: 's0' })
  say(await store.install(file, 'crash test'))
  await store.close()
}

function lock(): void {
  say(holdExclusive(dataDir) === null ? 'taken' : 'held')
  // Kept until somebody ends this process.
  setInterval(() => undefined, 60_000)
}

if (scenario === 'write') await writeGroups(Number(argument), 10)
else if (scenario === 'fill') await writeGroups(Number(argument), 50_000)
else if (scenario === 'apply') await applyAll()
else if (scenario === 'undo') await undoTo(Number(argument))
else if (scenario === 'install') await installFile()
else if (scenario === 'lock') lock()
else throw new Error(`no scenario ${scenario}`)
