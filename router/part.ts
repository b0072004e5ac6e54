// A shard's part of a page, as the primary gives it to the router that merges: one line that says how it stands, then a
// line an item: what it is ordered by, a tab, the item's JSON as clients get it. Documents pass through as they are.

export type Line = { readonly mark: unknown; readonly item: string }
export type Part = { readonly head: unknown; readonly lines: readonly Line[] }

export const PART_TYPE = 'application/vnd.tandem.part'

/** No JSON text needs a line break: outside of its strings it is only white space, and in them it cannot stand. */
const oneLine = (json: string): string => json.replaceAll('\n', ' ')

export const lineOf = (mark: unknown, item: string): string => `${JSON.stringify(mark)}\t${oneLine(item)}`

export const partText = (head: unknown, lines: string): string =>
  lines === '' ? JSON.stringify(head) : `${JSON.stringify(head)}\n${lines}`

/** Throws where the text is none: only routers and origins of one cluster speak it. */
export function readPart(text: string): Part {
  const [head = '', ...lines] = text.split('\n')
  return { head: JSON.parse(head), lines: lines.map(readLine) }
}

export const readLines = (lines: string): readonly Line[] => (lines === '' ? [] : lines.split('\n').map(readLine))

function readLine(line: string): Line {
  const tab = line.indexOf('\t')
  return { mark: JSON.parse(line.slice(0, tab)), item: line.slice(tab + 1) }
}
