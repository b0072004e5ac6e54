// tandem resync: asks for a fresh copy of everything, and follows it until the origin is a member again.
import { setTimeout as delay } from 'node:timers/promises'
import type { OriginName } from '../../router/words.ts'
import { type Asked, askAll, type Command, originArgument, originOf } from './command.ts'
import { RefusedError } from './outcome.ts'
import { act, getStatus, type Status } from './private-api.ts'
import { barOn } from './progress.ts'

const LOOK_MS = 300
/** A copy of many gigabytes, both shards one after the other. */
const RESYNC_MS_MAX = 60 * 60_000
/** The origin itself may be busy; that neither answers for so long is news. */
const SILENT_LOOKS_MAX = 100

export const resyncCommand: Command = {
  name: 'resync',
  usage: 'ORIGIN',
  summary: "replaces an origin's copy by a fresh one of its peer's",
  details:
    'Its present files are moved aside first. Refused where this copy is the only member. Waits until the origin is a member again, with a bar on a terminal; Ctrl-C ends the waiting, not the work.',
  examples: ['tandem resync a', 'tandem resync b --json'],
  async run({ args, flags }) {
    const origin = originArgument(args)
    const target = await originOf(flags, origin)
    const before = (await getStatus(target)).store
    const answer = await act(target, 'resync')
    const bar = barOn(process.stderr)
    let silent = 0
    try {
      for (const until = performance.now() + RESYNC_MS_MAX; performance.now() < until; await delay(LOOK_MS)) {
        const asked = await askAll(flags)
        const status = asked.flatMap(each => ('status' in each ? [each.status] : []))
        const own = status.find(({ name }) => name === origin)
        if (own !== undefined && isBack(own, before)) {
          const text = `origin ${origin} has a fresh copy of both shards and is a member again`
          return { ok: true, text, json: { ok: true, detail: answer.detail ?? text, store: own.store } }
        }
        silent = own === undefined ? silent + 1 : 0
        if (silent > SILENT_LOOKS_MAX) throw new RefusedError(silence(asked, origin))
        bar.show(...stepOf(status))
      }
      throw new RefusedError('it did not end within an hour; it goes on without this command')
    } finally {
      bar.end()
    }
  },
}

/** A store that was replaced has a new id. */
const isBack = (own: Status, before: string): boolean =>
  own.store !== before && own.state === 'serving' && own.members.includes(own.name)

/** As the primary of each shard tells it; both go at once, and the one that is behind says how far all is. */
function stepOf(status: readonly Status[]): [string, number | null] {
  const shards = status.flatMap(one => one.shards).filter(shard => shard.role === 'primary')
  const busy = shards.filter(({ progress }) => progress !== null)
  if (busy.length === 0) return ['waits for the copies', null]
  return [
    `copies ${busy.map(({ shard }) => shard).join(' and ')}`,
    Math.min(...busy.map(({ progress }) => progress ?? 0)),
  ]
}

const silence = (asked: readonly Asked[], origin: OriginName): string =>
  [
    `origin ${origin} went silent while it was reseeded.`,
    ...asked.flatMap(each => ('why' in each ? [each.why] : [])),
  ].join(' ')
