// The entry of an origin: configuration once and whole, one process a directory, then run until told to stop.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { openTokenFile } from './access/tokenfile.ts'
import { describeFaults, loadConfig, readConfigFile } from './config.ts'
import { boundHeapGrowth, giveBackWhatLoadingLeft } from './heap.ts'
import { lockDataDir } from './host/lock.ts'
import { createLog } from './log.ts'
import { startOrigin } from './origin.ts'

/** sysexits.h: wrong configuration; a fault of our own. */
const EXIT_CONFIG = 78
const EXIT_SOFTWARE = 70
/** CONTRACT: gone within 30 s of SIGTERM, whatever still hangs. */
const STOP_MS = 28_000

boundHeapGrowth()
const loaded = loadConfig(process.env, readConfigFile)
if (loaded.kind === 'faults') {
  process.stderr.write(`${describeFaults(loaded.faults)}\n`)
  process.exit(EXIT_CONFIG)
}
const { config } = loaded
const incarnation = `${config.name}-${randomUUID()}`
const secrets = [config.secret, config.viewerSecret, config.redisPassword].filter(secret => secret !== null)
const { log, setLevel, isVerbose, flush } = createLog(
  config.logLevel,
  { origin: config.name, incarnation },
  { secrets },
)

const end = (code: number): never => {
  flush()
  process.exit(code)
}
const fatal = (why: string, cause: unknown): never => {
  log.error({ error: cause }, why)
  return end(EXIT_SOFTWARE)
}
process.on('uncaughtException', error => fatal('an error that nothing expected', error))

const { tokensFile } = config
const tokens = tokensFile === null ? null : await openTokenFile(tokensFile, log)
if (tokens?.kind === 'faulty') {
  const allowed = `the path of a list of tokens (${tokens.why})`
  process.stderr.write(`${describeFaults([{ name: 'TANDEM_TOKENS', value: String(tokensFile), allowed }])}\n`)
  process.exit(EXIT_CONFIG)
}

mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
const lock = lockDataDir(config.dataDir)
if (lock.kind === 'taken') {
  process.stderr.write(`${lock.why}\n`)
  end(EXIT_CONFIG)
}

try {
  giveBackWhatLoadingLeft()
  const version = String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
  const origin = await startOrigin({
    config,
    version,
    incarnation,
    tokens: tokens === null ? null : tokens.current,
    newId: randomUUID,
    log,
    setLogLevel: setLevel,
    isVerbose,
    fatal,
  })
  // for the next start, however this life ends; does nothing without NODE_COMPILE_CACHE
  flushCompileCache()
  const stop = (): void => {
    setTimeout(() => fatal('did not stop in time', null), STOP_MS).unref()
    origin.stop().then(
      () => end(0),
      (error: unknown) => fatal('did not stop cleanly', error),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (tokens !== null) process.on('SIGHUP', tokens.reload)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  fatal('could not start', error)
}
