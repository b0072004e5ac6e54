// What the page is drawn from: the account that this origin gives of itself, and the other one's where it answers.
import { SHARDS } from '../../router/words.ts'
import type { Overview, ShardView } from './overview.ts'

export type Accounts = { readonly own: Overview; readonly peer: Overview | null }

export const accountOf = ({ own, peer }: Accounts, name: string): Overview | null =>
  own.status.name === name ? own : peer?.status.name === name ? peer : null

export const both = ({ own, peer }: Accounts): Overview[] => (peer === null ? [own] : [own, peer])

/** Each shard as its primary tells it; where no primary answers, as whoever answers does. */
export function shardViews(accounts: Accounts): readonly (ShardView & { readonly by: string })[] {
  const all = both(accounts).flatMap(({ status }) => status.shards.map(shard => ({ ...shard, by: status.name })))
  return SHARDS.flatMap(name => {
    const of = all.filter(({ shard }) => shard === name)
    return of.find(({ role }) => role === 'primary') ?? of[0] ?? []
  })
}
