// The state of the pair in one word, why it is so, and what a person can do about it. Pure.
import { type OriginName, peerOf } from '../../router/words.ts'
import { type Accounts, both, shardViews } from './accounts.ts'
import { duration } from './text.ts'

export type PairState = 'whole' | 'solo' | 'rejoining' | 'blocked' | 'unsettled'

/** From both accounts: one origin's word alone never makes the pair whole. */
export function pairState(accounts: Accounts): PairState {
  const all = both(accounts).map(({ status }) => status)
  if (all.every(one => one.canLoseAHost)) return all.length === 2 ? 'whole' : 'unsettled'
  const serving = new Set(all.flatMap(one => one.shards.filter(shard => shard.serving).map(({ shard }) => shard)))
  if (serving.size < 2) return 'blocked'
  const alone = all.some(one => one.members.length === 1)
  if (!alone) return 'unsettled'
  return all.some(one => one.state === 'rejoining') ? 'rejoining' : 'solo'
}

/** Every reason, each once, with who gives it. */
export function reasons(accounts: Accounts): string[] {
  const { own, peer } = accounts
  if (peer === null && own.status.canLoseAHost) return ["the other origin's account cannot be read"]
  const silent = peer === null ? [`origin ${peerOf(own.status.name)} does not answer over the private network`] : []
  const said = both(accounts).flatMap(({ status }) =>
    status.canLoseAHost ? [] : status.why.map(why => `${status.name}: ${why}`),
  )
  return [...silent, ...said]
}

/** A sentence or two; none where nothing has to be done. */
export function advice(accounts: Accounts): readonly string[] {
  const { own } = accounts
  switch (pairState(accounts)) {
    case 'whole':
      return drained(accounts).map(name => `${name} is drained: it is primary of nothing until it is put back.`)
    case 'solo':
      return whenSolo(accounts)
    case 'rejoining': {
      const left = Math.max(...shardViews(accounts).map(({ leftMs }) => leftMs ?? 0))
      const wait = left > 0 ? `Wait: about ${duration(left)} are left.` : 'Wait.'
      return [`${wait} It becomes a member again by itself; until then do not stop the one that serves.`]
    }
    case 'blocked':
      return whenBlocked(accounts, own.status.name)
    case 'unsettled':
      return [
        'Both copies are there. A takeover or handover settles within seconds; if this stays, the reasons say where to look.',
      ]
  }
}

const drained = (accounts: Accounts): OriginName[] =>
  both(accounts).flatMap(({ status }) => (status.state === 'draining' ? [status.name] : []))

function whenSolo(accounts: Accounts): string[] {
  const { own, peer } = accounts
  const here = own.status.members[0] ?? own.status.name
  const gone = here === 'a' ? 'b' : 'a'
  const keep = `Do not stop ${here}: new writes are on its disk alone.`
  return peer === null
    ? [
        `Look at the host of ${gone}, its process and the internal network. Once ${gone} is back it catches up by itself.`,
        keep,
      ]
    : [`${gone} is connected, or will be soon, and then catches up by itself.`, keep]
}

function whenBlocked(accounts: Accounts, name: OriginName): string[] {
  const { own, peer } = accounts
  const registers = Object.values(own.status.registers.each)
  if (registers.filter(word => word === 'empty').length >= 2)
    return ['Two registers lost their disks: `tandem registers rebuild` gives them the record again.']
  if (own.status.registers.reachable < 2)
    return ['Bring two of the three registers back. The takeover then happens by itself, and nothing was lost.']
  if (peer === null && !own.status.members.includes(name))
    return [
      `Bring ${peerOf(name)} back: it alone has every acknowledged write.`,
      `Only where its host is gone for good: \`tandem force-primary ${name}\`, which says what would be lost.`,
    ]
  return ['A takeover takes less than two seconds. If this stays, the reasons say where to look.']
}
