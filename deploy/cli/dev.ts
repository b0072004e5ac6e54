// tandem dev: starts, stops and kills processes of the local cluster that `npm start` runs, through its socket.
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Command as Order, Reply } from '../local/control.ts'
import type { Command } from './command.ts'
import { RefusedError, UsageError } from './outcome.ts'
import { homeOf } from './target.ts'

/** Longer than a stop or a start may take. */
const REPLY_MS = 65_000
const REPLY_BYTES_MAX = 64 * 1024

export const devCommand: Command = {
  name: 'dev',
  usage: 'start | stop | kill ORIGIN',
  summary: 'starts, stops or kills an origin of the local cluster',
  details:
    'Speaks to the running npm start: stop is for good, kill is kill -9. Besides a and b, any of its processes may be named, such as redis.a, sentinel.w, register.b.',
  examples: ['tandem dev kill a', 'tandem dev stop b', 'tandem dev start b', 'tandem dev kill redis.a'],
  async run({ args, flags }) {
    const [verb, name, ...more] = args
    if ((verb !== 'start' && verb !== 'stop' && verb !== 'kill') || name === undefined || more.length > 0) {
      throw new UsageError('Say what: dev start ORIGIN, dev stop ORIGIN or dev kill ORIGIN.')
    }
    const reply = await order(join(homeOf(flags), 'control.sock'), { do: verb, name })
    if (!reply.ok) throw new RefusedError(reply.why)
    const now = reply.pid === null ? 'is down' : `runs (pid ${reply.pid})`
    return { ok: true, text: `${reply.name} ${now}`, json: reply }
  },
}

function order(path: string, command: Order): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const fail = (why: string): void => {
      socket.destroy()
      reject(new RefusedError(why))
    }
    let text = ''
    socket.setTimeout(REPLY_MS, () => fail('npm start does not answer'))
    socket.on('error', error => {
      const nobody = 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
      fail(nobody ? `npm start does not run: nobody listens at ${path}` : error.message)
    })
    socket.on('connect', () => socket.write(`${JSON.stringify(command)}\n`))
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.length > REPLY_BYTES_MAX) fail('npm start answers more than was asked')
    })
    socket.on('end', () => {
      socket.destroy()
      try {
        resolve(Reply.parse(JSON.parse(text)))
      } catch {
        fail('npm start ended before it answered')
      }
    })
  })
}
