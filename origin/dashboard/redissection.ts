// Queue Redis and Sentinel, the registers, the workers: what the pair leans on.
import { html } from 'hono/html'
import { type Accounts, both } from './accounts.ts'
import type { Html } from './layout.ts'
import { seconds } from './text.ts'

/** A worker takes a beat every second. */
const IDLE_MS_MAX = 10_000
const REGISTERS = ['a', 'b', 'w'] as const

export function redisSection(accounts: Accounts): Html {
  const all = both(accounts).map(({ status }) => status)
  const masters = new Set(all.map(({ redis }) => redis.master))
  const seen = all.find(({ redis }) => redis.nodes.length > 1) ?? all.find(({ redis }) => redis.nodes.length > 0)
  const nodes = (seen?.redis.nodes ?? []).map(
    ({ address, role, state }) =>
      html`<li>${address} <strong>${role}</strong>${state === 'online' ? '' : html` <span class="warn">${state}</span>`}</li>`,
  )
  const policy = seen?.redis.maxmemoryPolicy ?? null
  return html`<dl>
    <dt>queue Redis</dt><dd>${nodes.length === 0 ? html`<span class="bad">no master answers: entries go by the link</span>` : html`<ul class="plain">${nodes}</ul>`}
      ${masters.size > 1 ? html`<span class="warn">a and b see different masters</span>` : ''}</dd>
    <dt>memory policy</dt><dd class="${policy === null || policy === 'noeviction' ? '' : 'bad'}">${policy ?? '–'}</dd>
    ${all.map(({ name, redis: { answering, quorum } }) => {
      const enough = quorum !== null && answering.sentinels >= quorum
      return html`<dt>Sentinels, from ${name}</dt><dd class="${enough ? (answering.sentinels < answering.of ? 'warn' : '') : 'bad'}">${answering.sentinels} of ${answering.of} answer, quorum ${quorum ?? '–'}</dd>`
    })}
    <dt>registers</dt><dd><ul class="plain">${REGISTERS.map(name => {
      const words = [...new Set(all.map(({ registers }) => registers.each[name] ?? 'silent'))]
      return html`<li>${name} <span class="${words.every(word => word === 'votes') ? 'good' : 'bad'}">${words.join(' / ')}</span></li>`
    })}</ul></dd>
    ${all.map(({ name, redis: { workerIdleMs, rebuilds } }) => {
      const again = rebuilds === 0 ? '' : `, built anew ${rebuilds} times`
      return html`<dt>worker of mirror-to-${name}</dt><dd class="${workerIdleMs > IDLE_MS_MAX ? 'warn' : ''}">progress ${seconds(workerIdleMs)} ago${again}</dd>`
    })}
  </dl>`
}
