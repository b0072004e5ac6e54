// What an operator may do from the page, and what it will do: the same commands as the command line's.
import { ORIGINS, type OriginName, peerOf, SHARDS, type ShardName } from '../../router/words.ts'
import { LOG_LEVELS, type LogLevel } from '../log.ts'
import type { Accounts } from './accounts.ts'

export type Action =
  | { readonly kind: 'handover'; readonly shard: ShardName }
  | { readonly kind: 'drain' | 'ready' | 'resync' | 'verify' | 'drill'; readonly origin: OriginName }
  | { readonly kind: 'log-level'; readonly origin: OriginName; readonly level: LogLevel }

type Offer = { readonly kind: Action['kind']; readonly target: string }

/** What the page offers, as it stands in its links. */
export const OFFERED: readonly { readonly about: string; readonly of: readonly Offer[] }[] = [
  {
    about: 'The pair',
    of: [...SHARDS.map(target => ({ kind: 'handover', target }) as const), { kind: 'verify', target: 'a' }],
  },
  ...ORIGINS.map(name => ({
    about: `Origin ${name}`,
    of: [
      ...(['drain', 'ready', 'resync', 'drill'] as const).map(kind => ({ kind, target: name })),
      ...(['debug', 'info'] as const).map(level => ({ kind: 'log-level', target: `${name}.${level}` }) as const),
    ],
  })),
]

/** As it stands in links and forms: `handover` and `s0`, `drain` and `a`. Null where it is none. */
export function parseAction(kind: string | null, target: string | null): Action | null {
  if (kind === 'handover') return target === 's0' || target === 's1' ? { kind, shard: target } : null
  if (kind === 'log-level') return parseLevel(target ?? '')
  if (target !== 'a' && target !== 'b') return null
  return kind === 'drain' || kind === 'ready' || kind === 'resync' || kind === 'verify' || kind === 'drill'
    ? { kind, origin: target }
    : null
}

function parseLevel(target: string): Action | null {
  const [origin, text] = target.split('.')
  const level = LOG_LEVELS.find(each => each === text)
  return level !== undefined && (origin === 'a' || origin === 'b') ? { kind: 'log-level', origin, level } : null
}

export function targetOf(action: Action): string {
  if (action.kind === 'handover') return action.shard
  return action.kind === 'log-level' ? `${action.origin}.${action.level}` : action.origin
}

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
    case 'verify':
      return 'Compare both copies'
    case 'drill':
      return `Drill with origin ${action.origin}`
    case 'log-level':
      return `Log of ${action.origin}: ${action.level}`
  }
}

/** The origin that must be asked, or null where nobody is known to be the shard's primary. */
export function performerOf(action: Action, { own }: Accounts): OriginName | null {
  if (action.kind !== 'handover') return action.origin
  const primary = own.status.shards.find(({ shard }) => shard === action.shard)?.primary
  return primary === 'a' || primary === 'b' ? primary : null
}

/** The request behind it, the same that the command line makes: below /_tandem/. */
export function requestOf(action: Action): { readonly path: string; readonly body: object } {
  switch (action.kind) {
    case 'handover':
      return { path: 'handover', body: { shard: action.shard } }
    case 'verify':
    case 'drill':
      return { path: `jobs/${action.kind}`, body: {} }
    case 'log-level':
      return { path: 'log-level', body: { level: action.level } }
    default:
      return { path: action.kind, body: {} }
  }
}

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
    case 'verify':
      return [
        'Both copies of each shard are compared row by row, while they serve and while clients write.',
        'Keys that differ are named under Work. Nothing is changed.',
      ]
    case 'drill': {
      const other = peerOf(action.origin)
      return [
        ...(own.status.canLoseAHost ? [] : ['No host may be lost now: this will be refused.']),
        `Under canary load ${action.origin} hands its shard to ${other} and takes it back; no request fails.`,
        `Then the process of ${other} stands still for about three seconds, and ${action.origin} takes its shard over. Clients that are connected to ${other} wait for as long; all others for the time of a takeover.`,
        `${other} goes on by itself, catches up and gets its shard back. The verdict stands under Work.`,
      ]
    }
    case 'log-level':
      return [`Origin ${action.origin} logs from ${action.level} on, until it is started again. Nothing else changes.`]
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
