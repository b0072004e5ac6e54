// A small plot of the last quarter of an hour: both origins in one, told apart by their strokes as well.
import { html } from 'hono/html'
import type { Html } from './layout.ts'

const WIDTH = 300
const HEIGHT = 50
/** Points that are ten seconds each. */
const POINTS = 90

export type Series = { readonly name: string; readonly values: readonly number[] }

export function plot(what: string, series: readonly Series[], text: (value: number) => string): Html {
  const top = Math.max(0, ...series.flatMap(({ values }) => values))
  const label = `${what}: at most ${text(top)} in the last 15 minutes`
  return html`<figure class="plot">
    <figcaption>${what} <span class="soft">at most ${text(top)}</span></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
      <line class="ground" x1="0" y1="${HEIGHT - 1}" x2="${WIDTH}" y2="${HEIGHT - 1}"/>
      ${series.map(({ name, values }) => html`<polyline class="of-${name}" points="${points(values, top)}"/>`)}
    </svg>
  </figure>`
}

/** The newest at the right edge: what is not known yet is left blank. */
function points(values: readonly number[], top: number): string {
  const shown = values.slice(-POINTS)
  return shown
    .map((value, at) => {
      const x = (WIDTH * (POINTS - shown.length + at + 1)) / POINTS
      const y = top === 0 ? HEIGHT - 1 : HEIGHT - 1 - ((HEIGHT - 3) * value) / top
      return `${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}
