// The local cluster in the foreground: settings from the environment, URLs, what changes, and a clean end on Ctrl-C.
import { join, relative } from 'node:path'
import { ORIGINS } from '../../router/words.ts'
import { type LocalCluster, type LocalOptions, startLocal } from './cluster.ts'
import { PORT_BASE_MAX } from './plan.ts'
import { watch } from './watch.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

type Settings = {
  readonly home: string
  readonly portBase: number
  readonly restartMs: number | 'never'
  readonly edge: boolean
}

function say(line: string): void {
  process.stdout.write(`${new Date().toTimeString().slice(0, 8)}  ${line}\n`)
}

/** Throws with every fault, so that they are mended at once. */
function settingsOf(env: NodeJS.ProcessEnv, args: readonly string[]): Settings {
  const faults: string[] = []
  const strange = args.filter(arg => arg !== '--edge')
  if (strange.length > 0) faults.push(`nothing is known of ${strange.join(' ')}`)
  const portBase = Number(env.TANDEM_PORT_BASE ?? 8000)
  if (!Number.isInteger(portBase) || portBase < 1024 || portBase > PORT_BASE_MAX) {
    faults.push(`TANDEM_PORT_BASE is ${env.TANDEM_PORT_BASE}: a whole number from 1024 to ${PORT_BASE_MAX} is allowed`)
  }
  const wait = env.TANDEM_RESTART_MS ?? '2000'
  if (wait !== 'never' && !/^\d{1,9}$/.test(wait)) {
    faults.push(`TANDEM_RESTART_MS is ${wait}: milliseconds, or never, is allowed`)
  }
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return {
    home: env.TANDEM_HOME ?? '.tandem',
    portBase,
    restartMs: wait === 'never' ? wait : Number(wait),
    edge: args.includes('--edge'),
  }
}

/** As it would be typed from here. */
const short = (path: string): string => (relative('', path).startsWith('..') ? path : relative('', path))

function welcome(cluster: LocalCluster): string {
  const { a, b } = cluster.origins
  return [
    '',
    `  a          ${a.public}`,
    `  b          ${b.public}`,
    ...(cluster.edge === null ? [] : [`  edge       ${cluster.edge.url}   (wrangler dev)`]),
    `  dashboard  ${a.private}/dashboard   (sign in with the secret in ${short(join(cluster.home, 'secret'))})`,
    '',
    `  try        curl -i -X PUT ${a.public}/v1/notes/hello -H 'Content-Type: text/plain' -d 'Hello'`,
    `             curl -i ${b.public}/v1/notes/hello`,
    '             npm run -s tandem -- status',
    '             npm run -s tandem -- dev kill a',
    '',
    '  Ctrl-C ends all of it; the data stays.',
    '',
    '',
  ].join('\n')
}

/** Runs until a signal ends it; sets the exit code. `more` is what only tests change. */
export async function foreground(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  more: Pick<LocalOptions, 'originScript'> = {},
): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  // A terminal's Ctrl-C may come more than once: from itself, and passed on by npm and the set-up.
  for (const name of SIGNALS) process.on(name, end)
  try {
    await run({ ...settingsOf(env, args), ...more, log: say, signal: stop.signal })
    process.exitCode = 0
  } catch (error) {
    process.stderr.write(`tandem: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = stop.signal.aborted ? 0 : 1
  }
  for (const name of SIGNALS) process.off(name, end)
}

async function run(options: LocalOptions & { readonly signal: AbortSignal }): Promise<void> {
  const cluster = await startLocal(options)
  process.stdout.write(welcome(cluster))
  const { secret, origins } = cluster
  await watch(
    ORIGINS.map(name => ({ name, url: origins[name].private, public: origins[name].public, secret })),
    say,
    options.signal,
  )
  say('stopping')
  await cluster.close()
  say('stopped')
}
