// How far the other disk is behind, and how a catch-up gets on.
import { html } from 'hono/html'
import { peerOf } from '../../router/words.ts'
import { type Accounts, shardViews } from './accounts.ts'
import type { Html } from './layout.ts'
import type { ShardView } from './overview.ts'
import { amount, bytes, duration, millis } from './text.ts'

const PHASES: Readonly<Record<string, string>> = {
  comparing: 'histories are compared',
  truncating: 'what was never acknowledged is undone',
  snapshotting: 'a whole copy is sent',
  pausing: 'waits to try again',
  live: 'entries are shipped',
}

export const replicationSection = (accounts: Accounts): Html =>
  html`<dl>${shardViews(accounts).map(view => shardLines(view))}</dl>`

function shardLines(view: ShardView & { readonly by: string }): Html {
  const { shard, role, rejoin, lag } = view
  if (role !== 'primary') return html`<dt>${shard}</dt><dd class="bad">its primary does not answer</dd>`
  const to = view.by === 'a' || view.by === 'b' ? peerOf(view.by) : '?'
  const behind = `${amount(lag.entries)} entries, ${bytes(lag.bytes)}, ${millis(lag.ms)}`
  if (rejoin === null)
    return html`<dt>${shard}: ${view.by} to ${to}</dt><dd class="warn">nobody to ship to</dd>
      <dt>on ${view.by} alone</dt><dd>${behind}</dd>`
  return html`<dt>${shard}: ${view.by} to ${to}</dt><dd>${PHASES[rejoin] ?? rejoin}</dd>
    <dt>${to} is behind by</dt><dd>${behind}</dd>${catchUp(view, to)}`
}

function catchUp({ shard, rejoin, progress, leftMs }: ShardView, to: string): Html | '' {
  const name = `catch-up of ${shard} on ${to}`
  const busy = rejoin !== 'live'
  if (progress === null) return busy ? html`<dt>${name}</dt><dd><progress aria-label="${name}"></progress></dd>` : ''
  const left = leftMs === null ? '' : `, about ${duration(leftMs)} left`
  return html`<dt>${name}</dt><dd><progress max="100" value="${progress}" aria-label="${name}"></progress> ${progress} %${left}</dd>`
}
