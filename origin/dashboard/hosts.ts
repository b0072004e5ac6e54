// Who serves what: the two hosts side by side, each with its shards as it tells them itself.
import { html } from 'hono/html'
import { ORIGINS, type OriginName } from '../../router/words.ts'
import { type Accounts, accountOf, both, shardViews } from './accounts.ts'
import { complaint, holdings } from './holders.ts'
import type { Html } from './layout.ts'
import type { Overview, ShardView } from './overview.ts'
import { millis, seconds } from './text.ts'

export function hosts(accounts: Accounts): Html {
  const { epoch, members } =
    (accounts.own.status.epoch ?? 0) >= (accounts.peer?.status.epoch ?? 0)
      ? accounts.own.status
      : (accounts.peer ?? accounts.own).status
  return html`<div class="hosts">${ORIGINS.map(name => {
    const one = accountOf(accounts, name)
    return one === null ? silent(accounts, name) : host(one)
  })}</div>
  ${complaints(accounts).map(text => html`<p class="bad">${text}</p>`)}
  <p class="soft">Epoch ${epoch ?? '–'}. Members: ${members.length === 0 ? 'none known' : members.join(' and ')}.</p>`
}

const complaints = (accounts: Accounts): string[] =>
  holdings(both(accounts).map(({ status }) => status)).flatMap(holding => complaint(holding) ?? [])

function host({ status }: Overview): Html {
  const { name, state } = status
  const kind = state === 'serving' ? 'good' : state === 'rejoining' || state === 'draining' ? 'warn' : 'bad'
  const member = status.members.includes(name)
  return html`<article class="host ${kind}" aria-label="Origin ${name}" data-origin="${name}" data-state="${state}">
    <h3>${name} <span class="${kind}">${state}</span></h3>
    <ul class="shards">${status.shards.map(shard => html`<li>${shardLine(shard, member)}</li>`)}</ul>
    ${status.addresses.length === 0 ? '' : html`<p class="soft">${addressLine(status)}</p>`}
    <p class="soft">link ${status.peer.reachable ? millis(status.peer.rttMs) : 'down'} · ${status.lane} lane · ${status.version} · <span title="${status.incarnation}">${status.incarnation.slice(0, 10)}</span></p>
  </article>`
}

function addressLine({ name, addresses }: Overview['status']): string {
  const held = addresses.filter(each => each.held)
  if (held.length === 0) return 'holds no floating address'
  return `holds ${held.map(({ address, home }) => (home === name ? address : `${address} (away from home)`)).join(' and ')}`
}

function shardLine(view: ShardView, member: boolean): Html {
  const { shard, home, role, serving, lease, committed, quarantined } = view
  const place = html`<span class="soft">${committed.epoch}.${committed.index}${quarantined > 0 ? `, ${quarantined} in quarantine` : ''}</span>`
  if (role !== 'primary')
    return html`<strong>${shard}</strong> ${member ? 'mirrored here' : 'a copy that is behind'} ${place}`
  const left = lease?.remainingMs ?? null
  const lasts = left === null ? 'alone, needs no lease' : `lease ${seconds(left)}`
  const words = serving ? html`<span class="good">served here</span>` : html`<span class="bad">not served yet</span>`
  return html`<strong>${shard}</strong> ${words}${view.primary === home ? '' : ' away from home'}, ${lasts} ${place}`
}

function silent(accounts: Accounts, name: OriginName): Html {
  const held = shardViews(accounts).filter(({ primary }) => primary === name)
  return html`<article class="host bad" aria-label="Origin ${name}" data-origin="${name}" data-state="silent">
    <h3>${name} <span class="bad">silent</span></h3>
    <p>Does not answer over the private network.</p>
    ${held.length === 0 ? '' : html`<p>The record still names it as primary of ${held.map(({ shard }) => shard).join(' and ')}.</p>`}
  </article>`
}
