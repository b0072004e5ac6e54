// tandem restore: puts a backup in place of a store while nothing runs on it. The pair that starts on it has a new lineage.
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  CannotRestore,
  holdsStore,
  type Restored,
  type RestoreOptions,
  restoreStore,
} from '../../origin/backup/restore.ts'
import { moveAside } from '../../origin/host/aside.ts'
import { lockDataDir } from '../../origin/host/lock.ts'
import type { OriginName } from '../../router/words.ts'
import type { Command, Input } from './command.ts'
import { originArgument } from './command.ts'
import { type Outcome, RefusedError, UsageError, WIDTH, wrapped } from './outcome.ts'
import { barOn } from './progress.ts'
import { homeOf } from './target.ts'

const REGISTERS = ['register.a', 'register.b', 'register.w'] as const

export const restoreCommand: Command = {
  name: 'restore',
  usage: 'BACKUP [--data DIR ORIGIN] [--force]',
  summary: 'begins a new pair from a backup',
  details:
    'Runs while nothing else does. On the local cluster: into origin a; the others begin empty. On a host: into --data DIR, for ORIGIN; give the other origin an empty directory and empty the registers (DEL tandem:register on each of the three). The pair gets a new lineage, so cursors, views and ETags of the lost one are of the past. What is there already is moved aside, and only with --force.',
  examples: [
    'tandem restore /var/backups/tandem-2026-11-24',
    'tandem restore BACKUP --data /var/lib/tandem a',
    'tandem restore BACKUP --force',
  ],
  async run(input) {
    const [backup, ...more] = input.args
    if (backup === undefined) throw new UsageError('Name the directory of the backup.')
    try {
      const { data } = input.options
      if (data !== undefined) return await onHost(resolve(backup), resolve(data), originArgument(more), input)
      if (more.length > 0) throw new UsageError(`Nothing is expected after the backup: ${more.join(' ')}`)
      return await local(resolve(backup), input)
    } catch (error) {
      if (error instanceof CannotRestore) throw new RefusedError(error.message)
      throw error
    }
  },
}

async function onHost(backup: string, dataDir: string, name: OriginName, { options }: Input): Promise<Outcome> {
  const restored = await restoreWithBar({ backup, dataDir, name, newId: randomUUID, force: options.force })
  return told(
    restored,
    [],
    `Start origin ${name} on it, with empty registers and an empty directory for the other one.`,
  )
}

/** All of a local cluster, which must not run. */
async function local(backup: string, { flags, options }: Input): Promise<Outcome> {
  const home = homeOf(flags)
  if (existsSync(join(home, 'cluster.json')))
    throw new RefusedError(`npm start runs in ${home}, or was killed there: end it first.`)
  const other = join(home, 'b')
  const old = REGISTERS.map(name => join(home, name)).filter(
    dir => existsSync(join(dir, 'data')) && readdirSync(join(dir, 'data')).length > 0,
  )
  const occupied = existsSync(other) && holdsStore(other)
  if ((occupied || old.length > 0) && !options.force)
    throw new RefusedError(`${home} holds a pair already. --force moves its stores and registers aside.`)
  const restored = await restoreWithBar({
    backup,
    dataDir: join(home, 'a'),
    name: 'a',
    newId: randomUUID,
    force: options.force,
  })
  const aside = old.map(freeName)
  for (const [at, dir] of old.entries()) renameSync(dir, aside[at] ?? dir)
  if (occupied) aside.push(await setAside(other))
  return told(restored, aside, 'npm start runs the pair on it; origin b fetches its copy.')
}

/** Two copies of each shard are read, and one is written. */
const STEPS = 5

async function restoreWithBar(options: RestoreOptions): Promise<Restored> {
  const bar = barOn(process.stderr)
  let step = 0
  try {
    return await restoreStore({ ...options, report: what => bar.show(what, (100 * step++) / STEPS) })
  } finally {
    bar.end()
  }
}

async function setAside(dataDir: string): Promise<string> {
  const lock = lockDataDir(dataDir)
  if (lock.kind === 'taken') throw new RefusedError(lock.why)
  try {
    return await moveAside(dataDir, 'replaced by a restore')
  } finally {
    lock.release()
  }
}

function freeName(dir: string): string {
  for (let n = 1; ; n++) if (!existsSync(`${dir}.aside-${n}`)) return `${dir}.aside-${n}`
}

function told({ manifest, aside, epoch }: Restored, others: readonly string[], next: string): Outcome {
  const kept = [...(aside === null ? [] : [aside]), ...others]
  const positions = manifest.parts.map(({ shard, position }) => `${shard} ${position.epoch}.${position.index}`)
  const lines = [
    `The backup of ${manifest.made} is in place: ${positions.join(', ')}. A new lineage begins with epoch ${epoch}.`,
    ...(kept.length === 0 ? [] : [`What was there is kept in ${kept.join(', ')}.`]),
    next,
  ]
  return {
    ok: true,
    text: lines.map(line => wrapped(line, WIDTH)).join('\n'),
    json: { ok: true, epoch, aside: kept, manifest },
  }
}
