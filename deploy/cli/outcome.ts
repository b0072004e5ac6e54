// What a command ends with: the same facts for a person and for a program.
import { editDistance, nearest } from '../../origin/config/nearest.ts'

export type Outcome = { readonly ok: boolean; readonly text: string; readonly json: unknown }

/** The command line or the surroundings are wrong; nothing was asked of any origin. */
export class UsageError extends Error {}

/** An origin refused or did not answer; the message is for the operator. */
export class RefusedError extends Error {}

/** What every terminal shows. */
export const WIDTH = 80

/** Columns as wide as their widest cell, two blanks apart; no blanks at a line's end. A last cell that is too long goes on below. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  const columns = widths.length
  const left = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0)
  const room = Math.max(ROOM_MIN, WIDTH - left)
  return rows
    .flatMap(row => {
      const last = row.length === columns ? (row.at(-1) ?? '') : ''
      const cells = row.length === columns ? row.slice(0, -1) : row
      const head = cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(GAP)
      const parts = folded(last, room)
      return parts.map((part, at) => `${at === 0 ? head : ' '.repeat(left - GAP.length)}${GAP}${part}`.trimEnd())
    })
    .join('\n')
}

const GAP = '  '
/** Where the other columns leave less than this, a line is longer than a terminal, and nothing is lost. */
const ROOM_MIN = 12

/** Broken between words where there are any, else anywhere: a key must be readable whole. */
function folded(text: string, room: number): string[] {
  const parts: string[] = []
  let rest = text
  while (rest.length > room) {
    const blank = rest.lastIndexOf(' ', room)
    const at = blank > 0 ? blank : room
    parts.push(rest.slice(0, at))
    rest = rest.slice(at).trimStart()
  }
  return [...parts, rest]
}

/** What could move the cursor, change colours or turn the reading direction: keys and reasons come from clients. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, char => `\\u{${char.codePointAt(0)?.toString(16)}}`)

/** Every line of a message within the width; what a line begins with stays. */
export const fitted = (text: string): string =>
  text
    .split('\n')
    .map(line => (line.length <= WIDTH ? line : wrapped(line, WIDTH)))
    .join('\n')

/** A suggestion, where a known name resembles what was typed. */
export function didYouMean(typed: string, known: readonly string[], before = ''): string {
  const guess = nearest(typed, known)
  return editDistance(typed, guess) > Math.max(2, typed.length / 2) ? '' : ` Did you mean ${before}${guess}?`
}

/** Breaks a sentence into lines of at most `width`, each begun with `indent`. */
export function wrapped(sentence: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = indent
  for (const word of sentence.split(/\s+/)) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent
    }
    line += line.length > indent.length ? ` ${word}` : word
  }
  return [...lines, line].join('\n')
}
