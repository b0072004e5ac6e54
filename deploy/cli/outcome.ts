// What a command ends with: the same facts for a person and for a program.
export type Outcome = { readonly ok: boolean; readonly text: string; readonly json: unknown }

/** The command line or the surroundings are wrong; nothing was asked of any origin. */
export class UsageError extends Error {}

/** An origin refused or did not answer; the message is for the operator. */
export class RefusedError extends Error {}

/** Columns as wide as their widest cell, two blanks apart; no blanks at a line's end. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
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
