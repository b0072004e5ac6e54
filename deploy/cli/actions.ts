// tandem handover, drain, ready: one request each, to the origin that it concerns.
import { SHARDS } from '../../router/words.ts'
import { askAll, type Command, originArgument, originOf } from './command.ts'
import { type Outcome, RefusedError, UsageError } from './outcome.ts'
import { act } from './private-api.ts'

const done = (detail: string | undefined, otherwise: string, answer: object): Outcome => ({
  ok: true,
  text: detail ?? otherwise,
  json: answer,
})

export const handoverCommand: Command = {
  name: 'handover',
  usage: 'SHARD',
  summary: 'gives a shard to the other origin, without a failed request',
  details: 'Asks the present primary of s0 or s1. With TANDEM_FAILBACK=auto the shard goes home again after a while.',
  examples: ['tandem handover s0'],
  async run({ args, flags }) {
    const [text, ...more] = args
    const shard = SHARDS.find(each => each === text)
    if (shard === undefined || more.length > 0) throw new UsageError('Name the shard: s0 or s1.')
    const asked = await askAll(flags)
    const primary = asked.find(
      each => 'status' in each && each.status.shards.some(own => own.shard === shard && own.role === 'primary'),
    )
    if (primary === undefined) {
      const silent = asked.flatMap(each => ('why' in each ? [each.why] : []))
      throw new RefusedError([`No origin that answers is primary of ${shard}.`, ...silent].join(' '))
    }
    const answer = await act(primary.target, 'handover', { shard })
    return done(answer.detail, `${shard} was handed over`, answer)
  },
}

const onOrigin = (name: 'drain' | 'ready', summary: string, details: string, otherwise: string): Command => ({
  name,
  usage: 'ORIGIN',
  summary,
  details,
  examples: [`tandem ${name} a`],
  async run({ args, flags }) {
    const origin = originArgument(args)
    const answer = await act(await originOf(flags, origin), name)
    return done(answer.detail, `origin ${origin} ${otherwise}`, answer)
  },
})

export const drainCommand = onOrigin(
  'drain',
  'takes an origin out of service',
  'Hands its shards over and keeps it from taking any, across restarts too, until tandem ready.',
  'is draining',
)
export const readyCommand = onOrigin(
  'ready',
  'puts a drained origin back into service',
  'Undoes tandem drain.',
  'is back in service',
)
