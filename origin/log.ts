// The door to pino: structured lines on standard output, one for each event, with what names this process in each.
import pino from 'pino'
import type { Log } from '../replicator/log.ts'
import { createLineOutput } from './logoutput.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogControl = {
  readonly log: Log
  setLevel(level: LogLevel): void
  isVerbose(): boolean
  /** Hands what is still buffered to the system; for the last lines before an exit. */
  flush(): void
}

export type LogOptions = {
  /** values that never may appear in a line, wherever they come from (a library's error message, say) */
  readonly secrets?: readonly string[]
  /** instead of standard output */
  readonly write?: (line: string) => void
}

const HIDDEN = '[hidden]'
const SECRET_FIELDS = ['secret', 'password', 'authorization', 'token', 'cookie']

export function createLog(
  level: LogLevel,
  base: Readonly<Record<string, string>>,
  options: LogOptions = {},
): LogControl {
  const output = options.write === undefined ? createLineOutput() : { write: options.write, flush: () => undefined }
  const hide = hider(options.secrets ?? [])
  const logger = pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      messageKey: 'message',
      serializers: { error: pino.stdSerializers.err },
      redact: { paths: SECRET_FIELDS.flatMap(name => [name, `*.${name}`]), censor: HIDDEN },
    },
    { write: line => output.write(hide(line)) },
  )
  return {
    log: {
      debug: (fields, message) => logger.debug(fields, message),
      info: (fields, message) => logger.info(fields, message),
      warn: (fields, message) => logger.warn(fields, message),
      error: (fields, message) => logger.error(fields, message),
    },
    setLevel: next => {
      logger.level = next
    },
    isVerbose: () => logger.isLevelEnabled('debug'),
    flush: output.flush,
  }
}

/** Secrets as they would stand inside a JSON string. */
function hider(secrets: readonly string[]): (line: string) => string {
  const needles = secrets.filter(secret => secret !== '').map(secret => JSON.stringify(secret).slice(1, -1))
  return line => needles.reduce((text, needle) => text.replaceAll(needle, HIDDEN), line)
}
