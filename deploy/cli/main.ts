// The `tandem` command line: finds the command, runs it, prints its outcome. Exit code 0 only on success, 2 for a
// command line that cannot be understood.
import { parseArgs } from 'node:util'
import { ZodError } from 'zod'
import { nearest } from '../../origin/config/nearest.ts'
import { drainCommand, handoverCommand, readyCommand, resyncCommand } from './actions.ts'
import { backupCommand } from './backup.ts'
import { coloured, wantsColour } from './colour.ts'
import type { Command } from './command.ts'
import { devCommand } from './dev.ts'
import { drillCommand } from './drill.ts'
import { logCommand } from './loglevel.ts'
import { type Outcome, RefusedError, table, UsageError, WIDTH, wrapped } from './outcome.ts'
import { quarantineCommand } from './quarantine.ts'
import { renderCommand } from './render.ts'
import { forcePrimaryCommand, registersCommand } from './rescue.ts'
import { restoreCommand } from './restore.ts'
import { statusCommand } from './status.ts'
import { verifyCommand } from './verify.ts'

const COMMANDS: readonly Command[] = [
  statusCommand,
  handoverCommand,
  drainCommand,
  readyCommand,
  verifyCommand,
  drillCommand,
  backupCommand,
  restoreCommand,
  resyncCommand,
  quarantineCommand,
  forcePrimaryCommand,
  registersCommand,
  logCommand,
  renderCommand,
  devCommand,
]
const FLAGS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string', multiple: true },
  secret: { type: 'string' },
  home: { type: 'string' },
  out: { type: 'string' },
  confirm: { type: 'string' },
  ask: { type: 'string', multiple: true },
  force: { type: 'boolean' },
  data: { type: 'string' },
  watch: { type: 'boolean' },
} as const

const FLAG_HELP: readonly (readonly string[])[] = [
  ['  --json', 'print JSON'],
  ['  --home DIR', 'home of the local cluster (TANDEM_HOME, .tandem)'],
  ['  --url URL', 'private listener of an origin; may be given twice'],
  ['  --secret TEXT', 'cluster secret for --url; better in TANDEM_SECRET(_FILE)'],
  ['  --help', 'this text, or that of a command'],
]

function overview(): string {
  const commands = COMMANDS.map(command => [`  ${command.name}`, command.summary])
  return [
    'usage: tandem COMMAND [ARGUMENTS] [--json]',
    `commands:\n${table(commands)}`,
    `flags:\n${table(FLAG_HELP)}\n  A command's own flags stand in its help.`,
    wrapped(
      'The origins are found by --url; else by TANDEM_PRIVATE and TANDEM_PEER as on a host; else in cluster.json of the local cluster.',
      WIDTH,
    ),
    'examples:\n  tandem status\n  tandem handover s0\n  tandem dev kill a\n  tandem quarantine --help',
  ].join('\n\n')
}

const helpOf = (command: Command): string =>
  [
    wrapped(`usage: tandem ${command.name} ${command.usage} [--json]`, WIDTH),
    wrapped(`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}. ${command.details}`, WIDTH),
    `examples:\n${command.examples.map(example => `  ${example}`).join('\n')}`,
  ].join('\n\n')

type End = { readonly outcome: Outcome; readonly code: number; readonly to: 'stdout' | 'stderr' }

async function run(argv: string[]): Promise<End> {
  try {
    const { values, positionals } = parsed(argv)
    const [name, ...args] = positionals
    if (name === undefined || name === 'help') {
      const json = COMMANDS.map(({ name, usage, summary }) => ({ name, usage, summary }))
      const asked = name === 'help' || values.help === true
      return { outcome: { ok: asked, text: overview(), json }, code: asked ? 0 : 2, to: asked ? 'stdout' : 'stderr' }
    }
    const command = commandOf(name)
    if (values.help === true) {
      const { usage, summary, details, examples } = command
      const json = { name, usage, summary, details, examples }
      return { outcome: { ok: true, text: helpOf(command), json }, code: 0, to: 'stdout' }
    }
    const flags = { urls: values.url ?? [], secret: values.secret, home: values.home }
    const { out, confirm, ask = [], force = false, data, watch = false, json = false } = values
    const options = { out, confirm, ask, force, data, watch, json }
    const tell = (text: string): void => void process.stderr.write(`${text}\n`)
    const outcome = await command.run({ args, flags, options, tell })
    return { outcome, code: outcome.ok ? 0 : 1, to: 'stdout' }
  } catch (error) {
    const why = explained(error)
    return {
      outcome: { ok: false, text: why, json: { ok: false, error: why } },
      code: error instanceof RefusedError ? 1 : 2,
      to: 'stderr',
    }
  }
}

/** An unknown flag is answered with the one that it resembles. */
function parsed(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: FLAGS, allowPositionals: true })
  } catch (error) {
    const flag = error instanceof TypeError ? /Unknown option '--?([^' ]+)/.exec(error.message)?.[1] : undefined
    if (flag === undefined) throw error
    throw new UsageError(`There is no flag --${flag}. Did you mean --${nearest(flag, Object.keys(FLAGS))}?`)
  }
}

function commandOf(name: string): Command {
  const command = COMMANDS.find(each => each.name === name)
  if (command !== undefined) return command
  const guess = nearest(
    name,
    COMMANDS.map(each => each.name),
  )
  throw new UsageError(`There is no command ${name}. Did you mean ${guess}? tandem --help lists them all.`)
}

/** A sentence for what the operator can mend; anything else is a fault of ours and keeps its stack. */
function explained(error: unknown): string {
  if (error instanceof ZodError) return `cluster.json is not understood: ${error.issues[0]?.message}`
  const mendable =
    error instanceof UsageError ||
    error instanceof RefusedError ||
    error instanceof SyntaxError ||
    (error instanceof Error && 'code' in error)
  if (!mendable) throw error
  return error.message
}

const argv = process.argv.slice(2)
const { outcome, code, to } = await run(argv)
process.exitCode = code
// A program that asked for JSON reads one stream, whatever the outcome.
if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`)
else process[to].write(`${wantsColour(process[to], process.env) ? coloured(outcome.text) : outcome.text}\n`)
