// One command of the command line.
import type { OriginName } from '../../router/words.ts'
import { type Outcome, RefusedError, UsageError } from './outcome.ts'
import { getStatus, type Status } from './private-api.ts'
import type { Flags, Target } from './target.ts'
import { targetsOf } from './target.ts'

/** What only some commands look at. */
export type Options = {
  readonly out: string | undefined
  /** the words that a command wants typed */
  readonly confirm: string | undefined
  /** further URLs of the other origin */
  readonly ask: readonly string[]
  readonly force: boolean
  /** a data directory on this host */
  readonly data: string | undefined
  readonly watch: boolean
  readonly json: boolean
}

export type Input = {
  readonly args: readonly string[]
  readonly flags: Flags
  readonly options: Options
  /** for a person, while the command runs; never into what a program reads */
  readonly tell: (text: string) => void
}

export type Command = {
  readonly name: string
  /** its arguments, as the help shows them */
  readonly usage: string
  readonly summary: string
  readonly details: string
  readonly examples: readonly string[]
  run(input: Input): Promise<Outcome>
}

export type Asked =
  | { readonly target: Target; readonly status: Status }
  | { readonly target: Target; readonly why: string }

/** The status of every origin that is known; those that do not answer say why. */
export const askAll = (flags: Flags): Promise<Asked[]> =>
  Promise.all(
    targetsOf(flags).map(async (target): Promise<Asked> => {
      try {
        const status = await getStatus(target)
        return { target: { ...target, name: status.name }, status }
      } catch (error) {
        if (error instanceof RefusedError) return { target, why: error.message }
        throw error
      }
    }),
  )

/** The origin of that name, found by asking where its name is not known beforehand. */
export async function originOf(flags: Flags, name: OriginName): Promise<Target> {
  const targets = targetsOf(flags)
  const known = targets.find(target => target.name === name)
  if (known !== undefined) return known
  const asked = await askAll(flags)
  const found = asked.find(each => each.target.name === name)
  if (found !== undefined) return found.target
  const why = asked.flatMap(each => ('why' in each ? [each.why] : []))
  throw new RefusedError(
    `Origin ${name} was not found${why.length === 0 ? ' at the given addresses' : `: ${why.join('; ')}`}`,
  )
}

export function originArgument(args: readonly string[]): OriginName {
  const [name, ...more] = args
  if ((name === 'a' || name === 'b') && more.length === 0) return name
  throw new UsageError(
    name === undefined ? 'Name the origin: a or b.' : `${args.join(' ')} is no origin: there are a and b.`,
  )
}

export function noArguments(args: readonly string[]): void {
  if (args.length > 0) throw new UsageError(`Nothing is expected after the command: ${args.join(' ')}`)
}
