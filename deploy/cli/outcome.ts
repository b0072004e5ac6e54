// What a command ends with: the same facts for a person and for a program.
export type Outcome = { readonly ok: boolean; readonly text: string; readonly json: unknown }

/** The command line or the surroundings are wrong; nothing was asked of any origin. */
export class UsageError extends Error {}

/** An origin refused or did not answer; the message is for the operator. */
export class RefusedError extends Error {}

/** What every terminal shows. */
export const WIDTH = 80

/** Columns as wide as their widest cell, two blanks apart; no blanks at a line's end. What is beyond WIDTH is cut. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(row => cut(line(row))).join('\n')
}

const cut = (line: string): string => (line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 1)}…`)

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
