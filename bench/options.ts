// What a run of the benchmarks is asked for: read and checked once.
import { parseArgs } from 'node:util'

export type Options = {
  /** parts to run; empty means all but those that are on demand */
  readonly only: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly out: string
  readonly portBase: number
  readonly slowDisk: boolean
  readonly install: boolean
  /** of the growth run: how many documents its largest store has */
  readonly documentsMax: number
  /** of the growth run: this store alone */
  readonly largest: boolean
  /** of the growth run: how long its largest store is under load */
  readonly minutes: number
}

export const USAGE = `npm run bench -- [options]
  --only NAME         one part (may be repeated): PARTS
  --rounds N          how often every contender has its turn (5)
  --seconds N         length of a turn (5)
  --quick             two rounds of two seconds: shows that everything works, concludes nothing
  --slow-disk         1 ms is added to every fsync, of all contenders alike (needs gcc)
  --documents N       growth: up to so many documents (100000; 10000000 takes about an hour and 30 GB)
  --largest           growth: that store alone; no smaller one, no connections, no bodies
  --minutes N         growth: the heaviest load on the largest store for so long, looked at every 10 s (none)
  --no-install        take the peers that are there, install nothing
  --port-base N       ports from here on (21000)
  --out DIR           where the report goes (docs/bench)
`

const DEFAULTS = { rounds: 5, seconds: 5, portBase: 21_000, documents: 100_000, minutes: 0 }
const QUICK = { rounds: 2, seconds: 2 }

export class UsageError extends Error {}

/** Throws a UsageError, one sentence, where the arguments make no sense. */
export function optionsFrom(args: readonly string[], parts: readonly string[]): Options {
  const { values } = parsed(args)
  const only = values.only ?? []
  const unknown = only.find(name => !parts.includes(name))
  if (unknown !== undefined) throw new UsageError(`there is no part ${unknown}; there are ${parts.join(', ')}`)
  const pace = values.quick === true ? QUICK : DEFAULTS
  return {
    only,
    rounds: count('rounds', values.rounds, pace.rounds, 1000),
    seconds: count('seconds', values.seconds, pace.seconds, 3600),
    out: values.out ?? 'docs/bench',
    portBase: count('port-base', values['port-base'], DEFAULTS.portBase, 60_000),
    slowDisk: values['slow-disk'] === true,
    install: values['no-install'] !== true,
    documentsMax: count('documents', values.documents, DEFAULTS.documents, 100_000_000),
    largest: values.largest === true,
    minutes: count('minutes', values.minutes, DEFAULTS.minutes, 24 * 60),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        'slow-disk': { type: 'boolean' },
        documents: { type: 'string' },
        largest: { type: 'boolean' },
        minutes: { type: 'string' },
        'no-install': { type: 'boolean' },
        'port-base': { type: 'string' },
        out: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function count(name: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`--${name} is a whole number from 1 to ${max}, not ${text}`)
  return value
}
