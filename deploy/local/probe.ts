// Asks a process whether it is up: PING to Redis and Sentinel, /readyz to an origin.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Probe } from './spec.ts'

/** Long enough for a busy machine, short enough that a stopped process does not hold up the loop. */
const ASK_MS = 1000
const POLL_MS = 50
/** A simple reply to PING has 7 bytes; more than this is not Redis. */
const REPLY_BYTES_MAX = 4096

export type Answer = { readonly up: true } | { readonly up: false; readonly why: string }

export const ask = (probe: Probe): Promise<Answer> => (probe.kind === 'redis' ? askRedis(probe) : askHttp(probe.url))

/** Asks until the process is up, `gone` says that it will not be, or the time is over. */
export async function waitUp(probe: Probe, timeoutMs: number, gone: () => string | null): Promise<Answer> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask(probe)
    if (answer.up) return answer
    const why = gone()
    if (why !== null) return { up: false, why }
    if (performance.now() > end) return answer
    await delay(POLL_MS)
  }
}

function askRedis(probe: { readonly port: number; readonly password: string | null }): Promise<Answer> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port: probe.port })
    const end = (answer: Answer): void => {
      socket.destroy()
      resolve(answer)
    }
    let reply = ''
    socket.setTimeout(ASK_MS, () => end({ up: false, why: 'it does not answer' }))
    socket.on('error', error => end({ up: false, why: error.message }))
    socket.on('close', () => end({ up: false, why: 'it closed the connection' }))
    socket.on('connect', () => {
      socket.write(probe.password === null ? 'PING\r\n' : `${array(['AUTH', probe.password])}PING\r\n`)
    })
    socket.on('data', data => {
      reply += data.toString('latin1')
      if (reply.includes('+PONG\r\n')) end({ up: true })
      else if (reply.startsWith('-') || reply.length > REPLY_BYTES_MAX)
        end({ up: false, why: reply.slice(1, 200).trim() })
    })
  })
}

const array = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

async function askHttp(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) })
    const body = await response.text()
    return response.ok
      ? { up: true }
      : { up: false, why: `/readyz answers ${response.status}: ${body.slice(0, 300).trim()}` }
  } catch (error) {
    // fetch hides the reason one level down
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { up: false, why: cause instanceof Error ? cause.message : String(cause) }
  }
}
