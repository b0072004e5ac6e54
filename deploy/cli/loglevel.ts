// tandem log: how much an origin logs, changed while it runs.
import { LOG_LEVELS } from '../../origin/log.ts'
import { type Command, originArgument, originOf } from './command.ts'
import { didYouMean, UsageError } from './outcome.ts'
import { act } from './private-api.ts'

export const logCommand: Command = {
  name: 'log',
  usage: `ORIGIN LEVEL`,
  summary: 'changes how much an origin logs, until it is started again',
  details: `Levels: ${LOG_LEVELS.join(', ')}.`,
  examples: ['tandem log a debug', 'tandem log a info'],
  async run({ args, flags }) {
    const [name, text, ...more] = args
    const origin = originArgument(name === undefined ? [] : [name])
    const level = LOG_LEVELS.find(each => each === text)
    if (level === undefined || more.length > 0)
      throw new UsageError(
        text === undefined
          ? `Name a level: ${LOG_LEVELS.join(', ')}.`
          : `${text} is no level; there are ${LOG_LEVELS.join(', ')}.${didYouMean(text, LOG_LEVELS)}`,
      )
    const answer = await act(await originOf(flags, origin), 'log-level', { level })
    return { ok: true, text: answer.detail ?? `origin ${origin} logs from ${level} on`, json: answer }
  },
}
