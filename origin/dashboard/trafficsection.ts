// Traffic through one origin's router: rates, latency, and two small plots of the last quarter of an hour.
import { html } from 'hono/html'
import type { Html } from './layout.ts'
import type { Overview } from './overview.ts'
import { amount, millis, percent } from './text.ts'

export function trafficSection(one: Overview | null): Html {
  if (one === null) return html`<p class="bad">This origin does not answer.</p>`
  const { traffic } = one
  const rates = traffic.plot.map(point => point.perSecond)
  const tails = traffic.plot.map(point => point.p99Ms ?? 0)
  return html`<dl>
      <dt>requests</dt><dd>${amount(traffic.perSecond)}/s, ${amount(traffic.total)} since the start</dd>
      <dt>p50, p95, p99</dt><dd>${millis(traffic.p50Ms)}, ${millis(traffic.p95Ms)}, ${millis(traffic.p99Ms)}</dd>
      <dt>answered here</dt><dd>${percent(traffic.hereShare)}</dd>
      <dt>errors (5xx)</dt><dd class="${traffic.errors > 0 ? 'warn' : ''}">${amount(traffic.errors)}</dd>
      <dt>retries</dt><dd>${amount(traffic.retries)}</dd>
      <dt>parked</dt><dd>${amount(traffic.parkedNow)} now, ${amount(traffic.parked)} since the start</dd>
    </dl>
    ${plot('requests a second', rates, value => `${amount(value)}/s`)}
    ${plot('p99', tails, millis)}`
}

const WIDTH = 300
const HEIGHT = 50

function plot(what: string, values: readonly number[], text: (value: number) => string): Html {
  if (values.length < 2) return html`<p class="soft">${what}: the plot begins after twenty seconds.</p>`
  const top = Math.max(...values)
  const points = values.map((value, at) => {
    const x = (WIDTH * at) / (values.length - 1)
    const y = top === 0 ? HEIGHT - 1 : HEIGHT - 1 - ((HEIGHT - 3) * value) / top
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  const label = `${what}, last ${Math.ceil(values.length / 6)} minutes, at most ${text(top)}`
  return html`<p class="soft">${label}</p>
    <svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
      <polyline points="${points.join(' ')}"/>
    </svg>`
}
