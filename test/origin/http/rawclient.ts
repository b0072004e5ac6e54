// A client without manners: writes bytes to a socket, collects what comes back, until the other end closes or for so long.
import { connect, type Socket } from 'node:net'

export type RawAnswer = {
  readonly text: string
  /** status codes of the answers in it, 1xx included */
  readonly statuses: readonly number[]
  /** the other end closed */
  readonly closed: boolean
}

const STATUS_LINE = /HTTP\/1\.1 (\d{3})[^\r\n]*\r\n/g

const answerOf = (chunks: readonly Buffer[], closed: boolean): RawAnswer => {
  const text = Buffer.concat(chunks).toString('latin1')
  return { text, statuses: [...text.matchAll(STATUS_LINE)].map(match => Number(match[1])), closed }
}

/** Sends it all, then waits until `enough`, the end, or the bound. */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  enough: (answer: RawAnswer) => boolean,
  boundMs = 3_000,
): Promise<RawAnswer> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    const finish = (closed: boolean): void => {
      clearTimeout(bound)
      socket.destroy()
      resolve(answerOf(chunks, closed))
    }
    const bound = setTimeout(() => finish(false), boundMs)
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (enough(answerOf(chunks, false))) finish(false)
    })
    socket.on('close', () => finish(true))
    socket.on('error', () => finish(true))
  })
}

/** One final answer is enough. */
export const one = (answer: RawAnswer): boolean =>
  answer.statuses.some(status => status >= 200) && answer.text.includes('\r\n\r\n')

export function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Resolves once the condition holds; rejects after the bound. */
export async function until(what: string, holds: () => boolean, boundMs = 3_000): Promise<void> {
  const end = performance.now() + boundMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${boundMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** A body that never ends by itself. Each chunk lets others run: fetch pulls at a synchronous one for ever once it gave up. */
export const endless = (onPull: (bytes: number) => void = () => {}): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(out) {
      await new Promise(resolve => setImmediate(resolve))
      onPull(65_536)
      out.enqueue(new Uint8Array(65_536))
    },
  })
