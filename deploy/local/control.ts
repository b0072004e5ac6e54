// The socket through which `tandem dev` talks to the running `npm start`: one JSON line each way.
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { z } from 'zod'
import type { LocalCluster } from './cluster.ts'
import type { ProcessName } from './plan.ts'

export const Command = z.object({ do: z.enum(['start', 'stop', 'kill']), name: z.string() })
export type Command = z.infer<typeof Command>

export const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), name: z.string(), pid: z.number().nullable() }),
  z.object({ ok: z.literal(false), why: z.string() }),
])
export type Reply = z.infer<typeof Reply>

/** Linux allows 108 bytes with the closing zero; beyond that the name would be cut short silently. */
const SOCKET_PATH_BYTES_MAX = 107
const LINE_BYTES_MAX = 4096
/** Longer than a stop may take. */
const IDLE_MS = 45_000

/** Returns how to close it. */
export async function openControl(
  path: string,
  cluster: LocalCluster,
  log: (line: string) => void,
): Promise<() => Promise<void>> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    log(`tandem dev will not work: ${path} is longer than a socket's name may be`)
    return () => Promise.resolve()
  }
  rmSync(path, { force: true })
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    let text = ''
    let answered = false
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (answered || (end === -1 && text.length <= LINE_BYTES_MAX)) return
      answered = true
      void answer(end === -1 ? '' : text.slice(0, end), cluster).then(reply => socket.end(`${JSON.stringify(reply)}\n`))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return () =>
    new Promise(resolve => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
}

async function answer(line: string, cluster: LocalCluster): Promise<Reply> {
  try {
    const command = Command.parse(JSON.parse(line))
    const name = processOf(command.name, cluster)
    if (name === null)
      return { ok: false, why: `no process ${command.name}; there are a, b, ${cluster.names.join(', ')}` }
    if (command.do === 'start') {
      if (cluster.pid(name) !== null) return { ok: false, why: `${name} runs already (pid ${cluster.pid(name)})` }
      cluster.start(name)
      await cluster.waitReady(name)
    } else if (cluster.pid(name) === null) {
      return { ok: false, why: `${name} does not run` }
    } else if (command.do === 'stop') {
      await cluster.stop(name)
    } else {
      await cluster.kill(name, 'SIGKILL')
    }
    return { ok: true, name, pid: cluster.pid(name) }
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) }
  }
}

/** `a` and `b` mean the origins. */
const processOf = (text: string, cluster: LocalCluster): ProcessName | null =>
  cluster.names.find(name => name === text || name === `origin.${text}`) ?? null
