// Plots without a library: lines over a logarithmic axis, or bars.
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

export type Series = { readonly name: string; readonly points: readonly { readonly x: number; readonly y: number }[] }

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

/** x on a logarithmic axis, y from zero. */
export function linesOf(title: string, axis: string, series: readonly Series[]): string {
  const points = series.flatMap(one => one.points)
  const max = Math.max(...points.map(({ y }) => y), Number.MIN_VALUE) * 1.05
  const xs = [...new Set(points.map(({ x }) => x))].sort((x, y) => x - y)
  const [first = 1, last = 1] = [xs[0], xs.at(-1)]
  const across = (x: number): number =>
    LEFT + (last === first ? INNER.width / 2 : (Math.log(x / first) / Math.log(last / first)) * INNER.width)
  const drawn = series.flatMap(({ name, points: own }, index) => {
    const colour = colourOf(index)
    const path = own.map(({ x, y }) => `${across(x).toFixed(1)},${heightOf(y, max).toFixed(1)}`)
    const dots = path.map(dot => {
      const [x, y] = dot.split(',')
      return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`
    })
    return [
      `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots,
      text(LEFT + INNER.width + 12, TOP + 14 + 18 * index, name, 'start', colour),
    ]
  })
  const ticks = xs.map(x => text(across(x), HEIGHT - BOTTOM + 16, short(x), 'middle'))
  return page(title, [...grid(max), ...ticks, text(LEFT + INNER.width / 2, HEIGHT - 8, axis, 'middle'), ...drawn])
}

/** The whisker goes from the lowest to the highest round. */
export function barsOf(title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE) * 1.05
  const slot = (INNER.width + RIGHT - 16) / Math.max(bars.length, 1)
  const drawn = bars.flatMap(({ name, low, median, high }, index) => {
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
  return page(title, [...grid(max), ...drawn])
}
