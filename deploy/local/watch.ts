// Tells what changes in the pair, as `npm start` shows it: who serves what, who is a member, which epoch.
import { RefusedError } from '../cli/outcome.ts'
import { getStatus, type Status } from '../cli/private-api.ts'
import type { Target } from '../cli/target.ts'

const EVERY_MS = 1000

/** One line for the pair; null while nobody answers. */
export function pairLine(statuses: readonly Status[]): string | null {
  const newest = statuses.reduce<Status | null>(
    (best, each) => (best === null || (each.epoch ?? 0) > (best.epoch ?? 0) ? each : best),
    null,
  )
  if (newest === null) return null
  const serves = newest.shards.map(({ shard, home }) => {
    const primary = statuses.find(each => each.shards.some(own => own.shard === shard && own.role === 'primary'))
    const away = primary !== undefined && primary.name !== home ? ` (home ${home})` : ''
    return `${shard} on ${primary?.name ?? 'nobody'}${away}`
  })
  const members =
    newest.members.length === 2
      ? 'both copies in step'
      : `solo: only ${newest.members.join('') || 'nobody'} holds all writes`
  const states = statuses.filter(each => each.state !== 'serving').map(each => `${each.name} is ${each.state}`)
  return [`epoch ${newest.epoch ?? '-'}: ${serves.join(', ')}; ${members}`, ...states].join('; ')
}

/** Calls `say` at the first sight and at every change, until the signal fires. */
export async function watch(
  targets: readonly Target[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last: string | null = null
  while (!signal.aborted) {
    const line = pairLine(await statusesOf(targets)) ?? 'no origin answers'
    if (line !== last && !signal.aborted) say(line)
    last = line
    await pause(EVERY_MS, signal)
  }
}

async function statusesOf(targets: readonly Target[]): Promise<Status[]> {
  const answers = await Promise.all(
    targets.map(async target => {
      try {
        return [await getStatus(target)]
      } catch (error) {
        // An origin that does not answer is told by the others, and by the supervisor when it died.
        if (error instanceof RefusedError) return []
        throw error
      }
    }),
  )
  return answers.flat()
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
