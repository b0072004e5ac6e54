// Plots without a library: lines over a logarithmic axis or over time, or bars.
import type { Point } from '../measure/stats.ts'
import { short } from './numbers.ts'

const WIDTH = 640
const HEIGHT = 320
const LEFT = 64
const RIGHT = 130
const TOP = 36
const BOTTOM = 44
const INNER = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }
/** Told apart by those who do not tell red from green (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']
const GRID_LINES = 4

export type Series = { readonly name: string; readonly points: readonly Point[] }

export type Bar = { readonly name: string; readonly low: number; readonly median: number; readonly high: number }

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const text = (x: number, y: number, words: string, anchor = 'start', colour = '#333'): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${escaped(words)}</text>`

const line = (x1: number, y1: number, x2: number, y2: number, colour = '#ddd'): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`

function page(title: string, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`
  return `${[head, `<title>${escaped(title)}</title>`, '<rect width="100%" height="100%" fill="#fff"/>', text(LEFT, 20, title), ...parts, '</svg>'].join('\n')}\n`
}

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? '#000'

const heightOf = (value: number, max: number): number => TOP + INNER.height * (1 - value / max)

function grid(max: number): string[] {
  return Array.from({ length: GRID_LINES + 1 }, (_, at) => (max * at) / GRID_LINES).flatMap(value => {
    const y = heightOf(value, max)
    return [line(LEFT, y, LEFT + INNER.width, y), text(LEFT - 6, y + 4, short(value), 'end')]
  })
}

/** How a value lies between the first and the last: 0 to 1. */
type Scale = (x: number, first: number, last: number) => number

const logarithmic: Scale = (x, first, last) => Math.log(x / first) / Math.log(last / first)
const linear: Scale = (x, first, last) => (x - first) / (last - first)

/** x on a logarithmic axis, y from zero; every point has a dot and its x a number. */
export function linesOf(title: string, axis: string, series: readonly Series[]): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((x, y) => x - y)
  return drawn(title, axis, series, { scale: logarithmic, ticks: xs, first: xs[0] ?? 1, dots: true })
}

/** Minutes from zero on, y from zero: so many points that they have no dots. */
export function minutesOf(title: string, series: readonly Series[]): string {
  const last = Math.max(...series.flatMap(({ points }) => points.map(({ x }) => x)), Number.MIN_VALUE)
  const ticks = Array.from({ length: GRID_LINES + 1 }, (_, at) => (last * at) / GRID_LINES)
  return drawn(title, 'minutes', series, { scale: linear, ticks, first: 0, dots: false })
}

type Across = {
  readonly scale: Scale
  /** in order; the last of them lies at the right edge */
  readonly ticks: readonly number[]
  readonly first: number
  readonly dots: boolean
}

function drawn(title: string, axis: string, series: readonly Series[], { scale, ticks, first, dots }: Across): string {
  const max = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)), Number.MIN_VALUE) * 1.05
  const last = ticks.at(-1) ?? first
  const across = (x: number): number => LEFT + INNER.width * (last === first ? 0.5 : scale(x, first, last))
  const lines = series.flatMap(({ name, points }, index) => {
    const colour = colourOf(index)
    const places = points.map(({ x, y }) => ({ x: across(x).toFixed(1), y: heightOf(y, max).toFixed(1) }))
    return [
      `<polyline points="${places.map(({ x, y }) => `${x},${y}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...(dots ? places.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`) : []),
      text(LEFT + INNER.width + 12, TOP + 14 + 18 * index, name, 'start', colour),
    ]
  })
  const numbers = ticks.map(x => text(across(x), HEIGHT - BOTTOM + 16, short(x), 'middle'))
  return page(title, [...grid(max), ...numbers, text(LEFT + INNER.width / 2, HEIGHT - 8, axis, 'middle'), ...lines])
}

/** The whisker goes from the lowest to the highest round. */
export function barsOf(title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE) * 1.05
  const slot = (INNER.width + RIGHT - 16) / Math.max(bars.length, 1)
  const columns = bars.flatMap(({ name, low, median, high }, index) => {
    const middle = LEFT + slot * (index + 0.5)
    const top = heightOf(median, max)
    const width = slot * 0.6
    return [
      `<rect x="${(middle - width / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${(TOP + INNER.height - top).toFixed(1)}" fill="${colourOf(index)}"/>`,
      line(middle, heightOf(low, max), middle, heightOf(high, max), '#000'),
      text(middle, HEIGHT - BOTTOM + 16, name, 'middle'),
      text(middle, HEIGHT - BOTTOM + 32, short(median), 'middle'),
    ]
  })
  return page(title, [...grid(max), ...columns])
}
