// etcd, three members, asked by its HTTP gateway. Writes go to the leader: the way with the fewest hops.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { configured, type Daemon, startDaemon } from './daemon.ts'

export type Etcd = { readonly url: string; readonly pids: readonly number[]; stop(): Promise<void> }

const MEMBERS = [0, 1, 2] as const
const ELECTED_MS = 20_000
const status = z.object({ header: z.object({ member_id: z.string() }), leader: z.string() })

/** Uses six ports from `port` on. */
export async function startEtcd(program: string, home: string, port: number): Promise<Etcd> {
  const clientOf = (member: number): number => port + member
  const peerOf = (member: number): number => port + 3 + member
  const cluster = MEMBERS.map(member => `m${member}=http://127.0.0.1:${peerOf(member)}`).join(',')
  const started: Daemon[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(member => member.stop()))
  }
  try {
    const starting = await Promise.allSettled(
      MEMBERS.map(async member => {
        const data = join(home, `etcd-${member}`)
        mkdirSync(data, { mode: 0o700 })
        const conf = configured('etcd.yml', join(home, `etcd-${member}.yml`), {
          NAME: `m${member}`,
          DATA: data,
          CLIENT: clientOf(member),
          PEER: peerOf(member),
          CLUSTER: cluster,
        })
        const log = join(home, `etcd-${member}.log`)
        const args = ['--config-file', conf]
        started.push(await startDaemon({ name: 'etcd', command: program, args, log, port: clientOf(member) }))
      }),
    )
    for (const one of starting) if (one.status === 'rejected') throw one.reason
    const url = await leaderOf(MEMBERS.map(member => `http://127.0.0.1:${clientOf(member)}`))
    return { url, pids: started.map(member => member.pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function leaderOf(urls: readonly string[]): Promise<string> {
  const end = performance.now() + ELECTED_MS
  while (performance.now() < end) {
    for (const url of urls) {
      const answer = await fetch(`${url}/v3/maintenance/status`, { method: 'POST', body: '{}' }).catch(() => null)
      const parsed = status.safeParse(await answer?.json().catch(() => null))
      if (parsed.success && parsed.data.leader === parsed.data.header.member_id) return url
    }
    await pause(100)
  }
  throw new Error('etcd has no leader')
}

/** The body of one put, for the gateway. */
export const putOf = (key: string, value: string): string =>
  JSON.stringify({ key: Buffer.from(key).toString('base64'), value: Buffer.from(value).toString('base64') })
