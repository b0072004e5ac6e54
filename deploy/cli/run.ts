// The `tandem` command line: finds the command and runs it. Exit code 0 only on success, 2 for a command line that cannot
// be understood.
import { parseArgs } from 'node:util'
import { ZodError, z } from 'zod'
import packageFile from '../../package.json' with { type: 'json' }
import { drainCommand, handoverCommand, readyCommand } from './actions.ts'
import { backupCommand } from './backup.ts'
import type { Command } from './command.ts'
import { devCommand } from './dev.ts'
import { drillCommand } from './drill.ts'
import { logCommand } from './loglevel.ts'
import {
  didYouMean,
  fitted,
  type Outcome,
  printable,
  RefusedError,
  table,
  UsageError,
  WIDTH,
  wrapped,
} from './outcome.ts'
import { quarantineCommand } from './quarantine.ts'
import { renderCommand } from './render.ts'
import { forcePrimaryCommand, registersCommand } from './rescue.ts'
import { restoreCommand } from './restore.ts'
import { resyncCommand } from './resync.ts'
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
  version: { type: 'boolean' },
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
  ['  --version', 'the version of this command line'],
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

const { version } = z.object({ version: z.string() }).parse(packageFile)

export type End = { readonly outcome: Outcome; readonly code: number; readonly to: 'stdout' | 'stderr' }

/** @param argv what was typed after `tandem` */
export async function run(argv: string[]): Promise<End> {
  try {
    const { values, positionals } = parsed(argv)
    if (values.version === true)
      return { outcome: { ok: true, text: `tandem ${version}`, json: { version } }, code: 0, to: 'stdout' }
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
    const tell = (text: string): void => void process.stderr.write(`${printable(text)}\n`)
    const outcome = await command.run({ args, flags, options, tell })
    return { outcome, code: outcome.ok ? 0 : 1, to: 'stdout' }
  } catch (error) {
    const why = explained(error)
    return {
      outcome: { ok: false, text: fitted(why), json: { ok: false, error: why } },
      // a disk or a network that fails is no fault of the command line
      code: error instanceof RefusedError || (error instanceof Error && 'syscall' in error) ? 1 : 2,
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
    throw new UsageError(`There is no flag --${flag}.${didYouMean(flag, Object.keys(FLAGS), '--')}`)
  }
}

function commandOf(name: string): Command {
  const command = COMMANDS.find(each => each.name === name)
  if (command !== undefined) return command
  const names = COMMANDS.map(each => each.name)
  throw new UsageError(`There is no command ${name}.${didYouMean(name, names)} tandem --help lists them all.`)
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
