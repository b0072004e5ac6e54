// What an operator may do from the page, and what it will do: the same commands as the command line's.
import type { OperatorCommand } from '../../replicator/core/events.ts'
import { type OriginName, peerOf, type ShardName } from '../../router/words.ts'
import type { Accounts } from './sections.ts'

export type Action =
  | { readonly kind: 'handover'; readonly shard: ShardName }
  | { readonly kind: 'drain' | 'ready' | 'resync'; readonly origin: OriginName }

export const KINDS = ['drain', 'ready', 'resync'] as const

/** As it stands in links and forms: `handover` and `s0`, `drain` and `a`. Null where it is none. */
export function parseAction(kind: string | null, target: string | null): Action | null {
  if (kind === 'handover') return target === 's0' || target === 's1' ? { kind, shard: target } : null
  if (target !== 'a' && target !== 'b') return null
  return kind === 'drain' || kind === 'ready' || kind === 'resync' ? { kind, origin: target } : null
}

export const targetOf = (action: Action): string => (action.kind === 'handover' ? action.shard : action.origin)

export const titleOf = (action: Action): string => {
  switch (action.kind) {
    case 'handover':
      return `Hand ${action.shard} over`
    case 'drain':
      return `Drain origin ${action.origin}`
    case 'ready':
      return `Put origin ${action.origin} back into service`
    case 'resync':
      return `Reseed origin ${action.origin}`
  }
}

/** The origin that must be asked, or null where nobody is known to be the shard's primary. */
export function performerOf(action: Action, { own }: Accounts): OriginName | null {
  if (action.kind !== 'handover') return action.origin
  const primary = own.status.shards.find(({ shard }) => shard === action.shard)?.primary
  return primary === 'a' || primary === 'b' ? primary : null
}

export const commandOf = (action: Action): OperatorCommand =>
  action.kind === 'handover' ? { kind: 'handover', shard: action.shard } : { kind: action.kind }

/** What will happen, as things are now: a sentence each. */
export function consequences(action: Action, accounts: Accounts): readonly string[] {
  const { own } = accounts
  const alone = own.status.members.length < 2
  const primaries = (origin: OriginName): string[] =>
    own.status.shards.filter(({ primary }) => primary === origin).map(({ shard }) => shard)
  switch (action.kind) {
    case 'handover': {
      const from = performerOf(action, accounts)
      const shard = own.status.shards.find(each => each.shard === action.shard)
      if (from === null) return [`Nobody is known to be primary of ${action.shard}: this will be refused.`]
      if (alone)
        return [`Only ${from} is a member now, so there is nobody to hand ${action.shard} to: this will be refused.`]
      const to = peerOf(from)
      return [
        `${action.shard} moves from ${from} to ${to}, and the epoch rises from ${own.status.epoch ?? '?'} by one.`,
        'Its requests wait for some tens of milliseconds; none fails and nothing is lost.',
        shard?.home === from
          ? `It stays on ${to} until somebody hands it back: automatic failback leaves alone what a person moved.`
          : `${to} is its home: it stays there.`,
      ]
    }
    case 'drain': {
      const held = primaries(action.origin)
      const rest = peerOf(action.origin)
      if (alone && held.length > 0)
        return [
          `${action.origin} is the only member: its shards stay where they are, since ${rest} may lack acknowledged writes.`,
          'It gives them away as soon as the other origin has caught up, or this is refused.',
        ]
      return [
        held.length === 0
          ? `${action.origin} is primary of nothing now, and takes nothing from now on.`
          : `${action.origin} hands ${held.join(' and ')} to ${rest}; no request fails.`,
        `It is told as draining, across restarts too, until it is put back into service.`,
        `Meanwhile ${rest} serves everything.`,
      ]
    }
    case 'ready':
      return [
        `${action.origin} may be primary again. With automatic failback its home shard comes back to it once the pair is whole and has been stable for a while.`,
      ]
    case 'resync': {
      const source = peerOf(action.origin)
      return [
        `${action.origin} gives up what it serves and stops being a member; its present files are moved aside, not deleted.`,
        `It then fetches a whole copy of both shards from ${source}. Until it is a member again ${source} is alone: if ${source} dies meanwhile, nobody serves.`,
        ...(alone
          ? [`Only one copy is a member now: if that is the one of ${action.origin}, this will be refused.`]
          : []),
      ]
    }
  }
}
