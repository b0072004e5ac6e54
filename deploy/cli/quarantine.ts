// tandem quarantine: what a rejoin had to undo was kept; these show it and get it out.
import { writeFileSync } from 'node:fs'
import type { OriginName } from '../../router/words.ts'
import { askAll, type Command, originOf } from './command.ts'
import { fitted, type Outcome, RefusedError, table, UsageError } from './outcome.ts'
import { getList, getRecords } from './private-api.ts'
import type { Flags } from './target.ts'

export const quarantineCommand: Command = {
  name: 'quarantine',
  usage: 'list | show ORIGIN FILE | export ORIGIN FILE --out PATH',
  summary: 'lists, shows and exports entries that were undone',
  details:
    'An origin that returned with entries which were never acknowledged keeps them in a file before undoing them.',
  examples: [
    'tandem quarantine list',
    'tandem quarantine show a FILE',
    'tandem quarantine export a FILE --out kept.json',
  ],
  async run({ args, flags, options: { out } }) {
    const [verb, origin, file, ...more] = args
    if (verb === 'list' && origin === undefined) return list(flags)
    if (
      (verb === 'show' || verb === 'export') &&
      (origin === 'a' || origin === 'b') &&
      file !== undefined &&
      more.length === 0
    ) {
      return verb === 'show' ? show(flags, origin, file) : save(flags, origin, file, out)
    }
    throw new UsageError(
      'Say what: quarantine list, quarantine show ORIGIN FILE, or quarantine export ORIGIN FILE --out PATH.',
    )
  },
}

async function list(flags: Flags): Promise<Outcome> {
  const asked = await askAll(flags)
  const silent = asked.flatMap(each => ('why' in each ? [each.why] : []))
  const known = asked.filter(each => 'status' in each)
  const files = await Promise.all(
    known.map(async ({ target }) =>
      (await getList(target)).files.map(each => ({ origin: target.name ?? '?', ...each })),
    ),
  )
  const all = files.flat()
  const rows = all.map(({ origin, file, shard, bytes, at }) => [
    origin,
    shard,
    String(bytes),
    new Date(at).toISOString().slice(0, 19).replace('T', ' '),
    file,
  ])
  const head = ['origin', 'shard', 'bytes', 'undone at (UTC)', 'file']
  const text = all.length === 0 ? 'Nothing is in quarantine.' : table([head, ...rows])
  return { ok: silent.length === 0, text: [text, ...silent.map(fitted)].join('\n'), json: { files: all, silent } }
}

async function show(flags: Flags, origin: OriginName, file: string): Promise<Outcome> {
  const { records } = await getRecords(await originOf(flags, origin), file)
  return { ok: true, text: records.map(record => JSON.stringify(record)).join('\n'), json: { origin, file, records } }
}

async function save(flags: Flags, origin: OriginName, file: string, out: string | undefined): Promise<Outcome> {
  if (out === undefined) throw new UsageError('Say where to: --out PATH.')
  const { records } = await getRecords(await originOf(flags, origin), file)
  try {
    // It holds documents, and replaces no file.
    writeFileSync(out, `${JSON.stringify({ origin, file, records }, null, 2)}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new RefusedError(`${out} could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  return {
    ok: true,
    text: `${records.length} records written to ${out}`,
    json: { origin, file, records: records.length, out },
  }
}
