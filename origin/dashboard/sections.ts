// The live parts of the page: each is drawn from both accounts, and sent again when it changed.
import { html } from 'hono/html'
import { ORIGINS, SHARDS } from '../../router/words.ts'
import type { Html } from './layout.ts'
import { type Overview, type PairState, pairState, reasons, type ShardView } from './overview.ts'
import { amount, clock, millis, seconds } from './text.ts'
import { trafficSection } from './trafficsection.ts'
import { workSection } from './worksection.ts'

export type Accounts = { readonly own: Overview; readonly peer: Overview | null }

export const SECTIONS: readonly { readonly id: string; readonly title: string; readonly wide: boolean }[] = [
  { id: 'light', title: 'Can I lose a host now?', wide: true },
  { id: 'origins', title: 'Origins', wide: true },
  { id: 'shards', title: 'Shards', wide: true },
  { id: 'replication', title: 'Replication', wide: false },
  { id: 'queue', title: 'Redis, registers, workers', wide: false },
  { id: 'traffic-a', title: 'Traffic through a', wide: false },
  { id: 'traffic-b', title: 'Traffic through b', wide: false },
  { id: 'work', title: 'Work', wide: true },
  { id: 'timeline', title: 'Changes', wide: true },
  { id: 'audit', title: 'Actions', wide: true },
]

/** What stands in a section, by its id. */
export function drawn(accounts: Accounts): ReadonlyMap<string, Html> {
  return new Map<string, Html>([
    ['light', light(accounts)],
    ['origins', origins(accounts)],
    ['shards', shards(accounts)],
    ['replication', replication(accounts)],
    ['queue', queue(accounts)],
    ['traffic-a', trafficSection(accountOf(accounts, 'a'))],
    ['traffic-b', trafficSection(accountOf(accounts, 'b'))],
    ['work', workSection(both(accounts))],
    ['timeline', timeline(accounts)],
    ['audit', audit(accounts)],
  ])
}

const accountOf = ({ own, peer }: Accounts, name: string): Overview | null =>
  own.status.name === name ? own : peer?.status.name === name ? peer : null

const both = ({ own, peer }: Accounts): Overview[] => (peer === null ? [own] : [own, peer])

const STATE_TEXT: Readonly<Record<PairState, string>> = {
  whole: 'Yes: every write is on both hosts, and either may go away.',
  solo: 'No: one host serves alone, and writes are on its disk only.',
  rejoining: 'Not yet: the other host is catching up.',
  blocked: 'No: a part of the keys is not served at the moment.',
  unsettled: 'No: both copies are there, but something is missing.',
}

function light(accounts: Accounts): Html {
  const state = pairState(accounts.own, accounts.peer)
  const kind = state === 'whole' ? 'good' : state === 'blocked' || state === 'solo' ? 'bad' : 'warn'
  // Told by shape and words as well as by colour.
  const sign =
    kind === 'good'
      ? html`<path d="M9 16.5l4.5 4.5L23 11" fill="none" stroke="currentColor" stroke-width="3"/>`
      : html`<path d="M16 8v10M16 22v3" fill="none" stroke="currentColor" stroke-width="3"/>`
  const why = state === 'whole' ? [] : reasons(accounts.own, accounts.peer)
  return html`<p class="light ${kind}" data-pair="${state}" role="status">
      <svg viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="14" fill="none" stroke="currentColor" stroke-width="2.5"/>${sign}</svg>
      <strong>${STATE_TEXT[state]}</strong>
    </p>
    ${why.length === 0 ? '' : html`<ul class="why">${why.map(reason => html`<li>${reason}</li>`)}</ul>`}`
}

function origins(accounts: Accounts): Html {
  const rows = ORIGINS.map(name => {
    const one = accountOf(accounts, name)
    if (one === null)
      return html`<tr><th scope="row">${name}</th><td class="bad">silent</td><td colspan="6" class="soft">does not answer over the private network</td></tr>`
    const { status } = one
    const good = status.state === 'serving'
    return html`<tr>
      <th scope="row">${name}</th>
      <td class="${good ? 'good' : 'warn'}">${status.state}</td>
      <td>${status.epoch ?? '–'}</td>
      <td>${status.members.join(' + ') || '–'}</td>
      <td>${status.peer.reachable ? millis(status.peer.rttMs) : 'gone'}</td>
      <td>${status.lane}</td>
      <td>${status.version}</td>
      <td class="soft">${status.incarnation.slice(0, 10)}</td>
    </tr>`
  })
  const head = ['origin', 'state', 'epoch', 'members', 'link', 'lane', 'version', 'incarnation']
  return table('Origins', head, rows)
}

/** Of each shard its primary's account; where no primary answers, whatever there is. */
function shardViews(accounts: Accounts): (ShardView & { readonly by: string })[] {
  const all = both(accounts).flatMap(({ status }) => status.shards.map(shard => ({ ...shard, by: status.name })))
  return SHARDS.flatMap(name => {
    const of = all.filter(({ shard }) => shard === name)
    return of.find(({ role }) => role === 'primary') ?? of[0] ?? []
  })
}

function shards(accounts: Accounts): Html {
  const rows = shardViews(accounts).map(
    view => html`<tr>
      <th scope="row">${view.shard}</th>
      <td>${view.home}</td>
      <td>${view.primary ?? '–'}</td>
      <td class="${view.serving ? 'good' : 'bad'}">${view.serving ? `served by ${view.by}` : 'not served'}</td>
      <td>${leaseText(view)}</td>
      <td>${view.committed.epoch}.${view.committed.index}</td>
      <td>${view.quarantined}</td>
    </tr>`,
  )
  return table('Shards', ['shard', 'home', 'primary', 'served', 'lease left', 'committed', 'quarantined'], rows)
}

function leaseText({ role, lease }: ShardView): string {
  if (role !== 'primary' || lease === null) return '–'
  return lease.remainingMs === null ? 'alone, needs none' : seconds(lease.remainingMs)
}

const PHASES: Readonly<Record<string, string>> = {
  off: 'nobody to ship to',
  comparing: 'comparing histories',
  truncating: 'undoing what was never acknowledged',
  snapshotting: 'copying a snapshot',
  pausing: 'waiting to try again',
  live: 'shipping',
}

function replication(accounts: Accounts): Html {
  const rows = shardViews(accounts).map(view => {
    const phase = view.role !== 'primary' ? 'its primary does not answer' : (PHASES[view.rejoin ?? 'off'] ?? '–')
    const name = `catch-up of ${view.shard}`
    const bar =
      view.progress === null
        ? ''
        : html`<dt>${name}</dt><dd><progress max="100" value="${view.progress}" aria-label="${name}"></progress> ${view.progress} %</dd>`
    const busy = view.rejoin === 'snapshotting' || view.rejoin === 'comparing' || view.rejoin === 'truncating'
    const unknown =
      busy && view.progress === null ? html`<dt>${name}</dt><dd><progress aria-label="${name}"></progress></dd>` : ''
    return html`<dt>${view.shard}</dt><dd>${phase}</dd>
      <dt>lag of ${view.shard}</dt><dd>${amount(view.lag.entries)} entries, ${millis(view.lag.ms)}</dd>${bar}${unknown}`
  })
  return html`<dl>${rows}</dl>`
}

function queue(accounts: Accounts): Html {
  const rows = both(accounts).map(({ status }) => {
    const { name, redis, registers } = status
    const idle = html`<span class="${redis.workerIdleMs > 10_000 ? 'warn' : ''}">${seconds(redis.workerIdleMs)} ago</span>`
    return html`<dt>${name}: queue master</dt><dd>${redis.master ?? html`<span class="bad">none answers</span>`}</dd>
      <dt>${name}: replicas, Sentinels</dt><dd>${redis.replicas}, ${redis.sentinels}</dd>
      <dt>${name}: memory policy</dt><dd>${redis.maxmemoryPolicy ?? '–'}</dd>
      <dt>${name}: registers</dt><dd class="${registers.reachable < 2 ? 'bad' : registers.reachable < registers.of ? 'warn' : ''}">${registers.reachable} of ${registers.of} answer</dd>
      <dt>${name}: worker progress</dt><dd>${idle}, rebuilt ${redis.rebuilds} times</dd>`
  })
  return html`<dl>${rows}</dl>`
}

function timeline(accounts: Accounts): Html {
  const seen = new Map<number, Overview['timeline'][number]>()
  for (const { timeline: turns } of both(accounts))
    for (const turn of turns) {
      const known = seen.get(turn.epoch)
      // the one that saw it begin knows more than the one that read of it later
      if (known === undefined || (known.durationMs === null && turn.durationMs !== null)) seen.set(turn.epoch, turn)
    }
  const turns = [...seen.values()].sort((x, y) => y.epoch - x.epoch).slice(0, TURNS_SHOWN)
  const rows = turns.map(
    turn => html`<tr>
      <td class="when">${clock(turn.at)}</td>
      <td>${turn.epoch}</td>
      <td>${turn.kind}</td>
      <td>${turn.actor}</td>
      <td class="words">${turn.cause}</td>
      <td>${turn.durationMs === null ? '–' : millis(turn.durationMs)}</td>
      <td>s0 ${turn.primaries.s0}, s1 ${turn.primaries.s1}; ${turn.members.join(' + ')}</td>
    </tr>`,
  )
  if (rows.length === 0) return html`<p class="soft">No record has been read yet.</p>`
  return table('Changes of the record', ['at', 'epoch', 'what', 'by', 'cause', 'took', 'since then'], rows)
}

const TURNS_SHOWN = 30
const ACTIONS_SHOWN = 20

function audit(accounts: Accounts): Html {
  const lines = both(accounts)
    .flatMap(one => one.audit)
    .sort((x, y) => (x.at < y.at ? 1 : x.at > y.at ? -1 : 0))
    .slice(0, ACTIONS_SHOWN)
  if (lines.length === 0) return html`<p class="soft">Nobody has acted yet.</p>`
  const rows = lines.map(
    line => html`<tr>
      <td class="when">${clock(Date.parse(line.at))}</td>
      <td>${line.origin}</td>
      <td class="words">${line.actor}</td>
      <td>${line.action}</td>
      <td class="${line.ok ? 'good' : 'bad'}">${line.ok ? 'done' : 'refused'}</td>
      <td class="words">${line.detail}</td>
    </tr>`,
  )
  return table('Actions of operators', ['at', 'on', 'by', 'what', 'outcome', 'detail'], rows)
}

/** Wide ones scroll by themselves, by keyboard too, and not the page. */
const table = (name: string, head: readonly string[], rows: readonly Html[]): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table>
    <thead><tr>${head.map(text => html`<th scope="col">${text}</th>`)}</tr></thead>
    <tbody>${rows}</tbody>
  </table></div>`
