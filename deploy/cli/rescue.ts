// tandem force-primary, tandem registers: for the hours when nothing heals by itself and a person must choose.
import type { OriginName } from '../../router/words.ts'
import { type Command, type Input, originArgument, originOf } from './command.ts'
import { confirmed } from './confirm.ts'
import { type Outcome, RefusedError, UsageError, WIDTH, wrapped } from './outcome.ts'
import { type Assessment, act, getAssessment } from './private-api.ts'
import { type Flags, targetsOf } from './target.ts'

export const forcePrimaryCommand: Command = {
  name: 'force-primary',
  usage: 'ORIGIN',
  summary: 'makes an origin primary that may lack acknowledged writes',
  details:
    'For when the host of the only member is gone for good. Refused while anything shows that the other origin lives: the link, the registers that it calls, its listeners (name further ones with --ask). Says what would be lost, and wants the words typed that the other origin is off. Where the registers have no majority, rebuild them first.',
  examples: ['tandem force-primary b', 'tandem force-primary b --confirm "origin a is off"'],
  async run(input) {
    const origin = originArgument(input.args)
    const target = await originOf(input.flags, origin)
    const ask = askedUrls(input, origin)
    const assessment = await getAssessment(target, ask)
    if (assessment.refused.length > 0)
      throw new RefusedError([`Nothing was done: ${assessment.refused.join('; ')}.`, ...assessment.loss].join('\n'))
    input.tell(said(assessment))
    await confirmed(assessment.confirm, input.options.confirm, input.tell)
    const answer = await act(target, 'force-primary', { confirm: assessment.confirm, ask })
    return {
      ok: true,
      text: answer.detail ?? `origin ${origin} is primary`,
      json: { ...answer, loss: assessment.loss },
    }
  },
}

export const registersCommand: Command = {
  name: 'registers',
  usage: 'rebuild [ORIGIN]',
  summary: 'gives registers that lost their disks the record again',
  details:
    'Refused while two of three registers have their vote. With both origins up nothing is lost, and what is served goes on. Where one of them is gone for good, name the one that is left: it goes on alone, and the words that the other one is off must be typed.',
  examples: ['tandem registers rebuild', 'tandem registers rebuild b --confirm "origin a is off"'],
  async run(input) {
    const [verb, name, ...more] = input.args
    if (verb !== 'rebuild' || more.length > 0) throw new UsageError('Say what: registers rebuild [ORIGIN].')
    return name === undefined ? together(input.flags) : alone(input, originArgument([name]))
  },
}

async function together(flags: Flags): Promise<Outcome> {
  const [first] = targetsOf(flags)
  if (first === undefined) throw new UsageError('No origin is known: give --url.')
  const answer = await act(first, 'registers/rebuild', {})
  return { ok: true, text: answer.detail ?? 'the registers were rebuilt', json: answer }
}

async function alone(input: Input, origin: OriginName): Promise<Outcome> {
  const target = await originOf(input.flags, origin)
  const ask = askedUrls(input, origin)
  const { loss, confirm } = await getAssessment(target, ask)
  input.tell(said({ loss }))
  await confirmed(confirm, input.options.confirm, input.tell)
  const answer = await act(target, 'registers/rebuild', { confirm, ask })
  return { ok: true, text: answer.detail ?? 'the registers were rebuilt', json: { ...answer, loss } }
}

const said = ({ loss }: Pick<Assessment, 'loss'>): string => loss.map(text => wrapped(text, WIDTH)).join('\n')

/** Where the other origin may still be found, beside its private listener. */
function askedUrls({ flags, options }: Input, origin: OriginName): string[] {
  const known = targetsOf(flags).flatMap(target =>
    target.name !== null && target.name !== origin && target.public !== null ? [target.public] : [],
  )
  return [...known, ...options.ask]
}
