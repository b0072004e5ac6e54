// tandem status: both origins' own accounts, side by side, in 80 columns.
import { setTimeout as delay } from 'node:timers/promises'
import { holdings } from '../../origin/dashboard/holders.ts'
import { bytes, duration } from '../../origin/dashboard/text.ts'
import { coloured, wantsColour } from './colour.ts'
import { type Asked, askAll, type Command, type Input, noArguments } from './command.ts'
import { printable, table, WIDTH, wrapped } from './outcome.ts'
import type { Status } from './private-api.ts'
import { bar } from './progress.ts'

export const statusCommand: Command = {
  name: 'status',
  usage: '[--watch]',
  summary: 'who serves what, and whether a host may be lost',
  details: 'Exit code 0 when both origins answer. With --watch again every second, until Ctrl-C.',
  examples: ['tandem status', 'tandem status --watch', 'tandem status --json'],
  async run(input) {
    const { args, flags, options } = input
    noArguments(args)
    if (options.watch) await watched(input)
    const asked = await askAll(flags)
    return {
      ok: asked.every(each => 'status' in each),
      text: statusText(asked),
      json: jsonOf(asked),
    }
  },
}

/** Until Ctrl-C: on a terminal in place, elsewhere one account after the other (JSON: one a line). */
async function watched({ flags, options }: Input): Promise<void> {
  const over = new AbortController()
  process.once('SIGINT', () => over.abort())
  while (!over.signal.aborted) {
    const asked = await askAll(flags)
    const text = options.json ? JSON.stringify(jsonOf(asked)) : printable(statusText(asked))
    const shown = wantsColour(process.stdout, process.env) ? coloured(text) : text
    process.stdout.write(`${process.stdout.isTTY && !options.json ? HOME : ''}${shown}\n`)
    await delay(WATCH_MS, null, { signal: over.signal }).catch(() => null)
  }
}

const WATCH_MS = 1000
/** Cursor to the corner, and what is below it gone. */
const HOME = '\u001b[H\u001b[2J'

const jsonOf = (asked: readonly Asked[]): unknown =>
  asked.map(each =>
    'status' in each ? each.status : { name: each.target.name, url: each.target.url, error: each.why },
  )

export function statusText(asked: readonly Asked[]): string {
  const parts = [originTable(asked), shardTable(asked), addressTable(asked), catchUps(asked), remarks(asked)]
  return parts.filter(part => part !== '').join('\n\n')
}

function originTable(asked: readonly Asked[]): string {
  const head = ['origin', 'state', 'epoch', 'members', 'peer', 'lane', 'registers', 'queue master']
  const rows = asked.map(each => {
    if (!('status' in each)) return [each.target.name ?? '?', 'silent', '-', '-', '-', '-', '-', '-']
    const { status } = each
    return [
      status.name,
      status.state,
      text(status.epoch),
      status.members.join('+') || '-',
      status.peer.reachable ? millis(status.peer.rttMs) : 'gone',
      status.lane,
      `${status.registers.reachable}/${status.registers.of}`,
      status.redis.master ?? '-',
    ]
  })
  return table([head, ...rows])
}

/** Of each shard its primary's account; where no primary answers, whatever there is. */
function shardTable(asked: readonly Asked[]): string {
  const accounts = asked.flatMap(each =>
    'status' in each ? each.status.shards.map(shard => ({ by: each.status.name, ...shard })) : [],
  )
  const names = [...new Set(accounts.map(each => each.shard))].sort()
  if (names.length === 0) return ''
  const rows = names.flatMap(name => {
    const of = accounts.filter(each => each.shard === name)
    const best = of.find(each => each.role === 'primary') ?? of[0]
    if (best === undefined) return []
    return [
      [
        name,
        best.home,
        best.role === 'primary' ? best.by : '-',
        best.members.join('+') || '-',
        `${best.committed.epoch}.${best.committed.index}`,
        `${best.lag.entries} / ${millis(best.lag.ms)}`,
        best.role !== 'primary' ? '-' : best.lease?.remainingMs == null ? 'alone' : millis(best.lease.remainingMs),
        text(of.reduce((sum, each) => sum + each.quarantined, 0)),
      ],
    ]
  })
  return table([['shard', 'home', 'primary', 'members', 'committed', 'lag', 'lease', 'quarantined'], ...rows])
}

/** Nothing where there are no floating addresses. */
function addressTable(asked: readonly Asked[]): string {
  const held = holdings(asked.flatMap(each => ('status' in each ? [each.status] : [])))
  if (held.length === 0) return ''
  const rows = held.map(({ address, home, holders, trouble }) => {
    const names = holders.map(({ name }) => name).join('+')
    // nobody who answers holds it, and not all answer
    const unknown = trouble === null && names === ''
    return [address, home, unknown ? '?' : names || '-', unknown ? '-' : (trouble ?? 'ok')]
  })
  return table([['address', 'home', 'held by', 'verdict'], ...rows])
}

/** A bar for each shard whose other copy is being brought level. */
function catchUps(asked: readonly Asked[]): string {
  const shards = asked.flatMap(each =>
    'status' in each ? each.status.shards.map(shard => ({ ...shard, by: each.status.name })) : [],
  )
  return shards
    .filter(({ role, progress }) => role === 'primary' && progress !== null)
    .map(({ shard, by, progress, leftMs, lag }) => {
      const left = leftMs === null ? '' : `, about ${duration(leftMs)} left`
      return `${shard} from ${by}  ${bar(progress)}${left}, ${bytes(lag.bytes)} behind`
    })
    .join('\n')
}

function remarks(asked: readonly Asked[]): string {
  const statuses = asked.flatMap(each => ('status' in each ? [each.status] : []))
  const silent = asked.flatMap(each => ('why' in each ? [wrapped(each.why, WIDTH)] : []))
  return [...silent, ...statuses.map(remark)].join('\n')
}

const remark = (status: Status): string =>
  status.canLoseAHost
    ? `${status.name}: either host may be lost now`
    : wrapped(`${status.name}: no host may be lost now: ${status.why.join('; ') || 'it gives no reason'}`, WIDTH)

const text = (value: number | null): string => (value === null ? '-' : String(value))
const millis = (value: number | null): string =>
  value === null ? '-' : `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`
