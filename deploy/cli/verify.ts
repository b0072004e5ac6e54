// tandem verify: are both copies of each shard the same, byte for byte?
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, noArguments } from './command.ts'
import { type Outcome, table, UsageError } from './outcome.ts'
import { type Digest, getDigest } from './private-api.ts'
import { targetsOf } from './target.ts'

/** Under writes the two are seldom asked at the same position: so often they are asked again. */
const TRIES = 20
const PAUSE_MS = 250

type Shard = Digest['shards'][number]
type Verdict = { readonly shard: string; readonly same: boolean | null; readonly copies: readonly Shard[] }

export const verifyCommand: Command = {
  name: 'verify',
  usage: '',
  summary: 'compares both copies of each shard',
  details:
    'Asks both origins for a digest of every row and compares those of one position; asks again while writes move on. Exit code 0 when all are equal.',
  examples: ['tandem verify', 'tandem verify --json'],
  async run({ args, flags }) {
    noArguments(args)
    const targets = targetsOf(flags)
    if (targets.length !== 2) throw new UsageError('verify compares two origins: give --url twice, or set TANDEM_PEER.')
    const found = new Map<string, Verdict>()
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const digests = await Promise.all(targets.map(getDigest))
      for (const verdict of compare(digests))
        if (found.get(verdict.shard)?.same !== true) found.set(verdict.shard, verdict)
      if ([...found.values()].every(verdict => verdict.same !== null)) break
      await delay(PAUSE_MS)
    }
    return outcome([...found.values()])
  },
}

/** `same` is null where the two were at different positions. */
export function compare(digests: readonly Digest[]): Verdict[] {
  const shards = digests.flatMap(digest => digest.shards)
  return [...new Set(shards.map(each => each.shard))].sort().map(shard => {
    const copies = shards.filter(each => each.shard === shard)
    const [x, y] = copies
    if (x === undefined || y === undefined) return { shard, same: false, copies }
    const at = (copy: Shard): string => `${copy.position.epoch}.${copy.position.index}.${copy.position.hash}`
    if (x.position.index !== y.position.index) return { shard, same: null, copies }
    return { shard, same: at(x) === at(y) && x.sha256 === y.sha256 && x.rows === y.rows, copies }
  })
}

function outcome(verdicts: readonly Verdict[]): Outcome {
  const word = (same: boolean | null): string => (same === null ? 'not compared' : same ? 'equal' : 'DIFFERENT')
  const rows = verdicts.map(({ shard, same, copies }) => [
    shard,
    word(same),
    copies.map(copy => `${copy.position.epoch}.${copy.position.index}`).join(' | '),
    copies.map(copy => String(copy.rows)).join(' | '),
    copies.map(copy => copy.sha256.slice(0, 12)).join(' | '),
  ])
  const moving = verdicts.some(each => each.same === null)
    ? '\n\nThe copies were never at one position: writes go on, or one lags. Try again.'
    : ''
  return {
    ok: verdicts.length > 0 && verdicts.every(each => each.same === true),
    text: table([['shard', 'copies', 'position', 'rows', 'sha256'], ...rows]) + moving,
    json: verdicts,
  }
}
