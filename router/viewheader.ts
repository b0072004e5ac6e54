// A view in the header `Tandem-View` of a 421: `1;LINEAGE;EPOCH;PRIMARY-OF-S0;PRIMARY-OF-S1`. Strict both ways: what
// does not parse is no view. It is believed only from the private network; a signature would be a further field.
import type { View } from './view.ts'
import type { OriginName } from './words.ts'

export const VIEW_HEADER = 'tandem-view'

const FORMAT = '1'
const LINEAGE_CHARS_MAX = 128
const VIEW = /^1;([\x21-\x3a\x3c-\x7e]{1,128});(0|[1-9][0-9]{0,15});([ab]);([ab])$/

export function encodeView(view: View): string {
  const text = `${FORMAT};${view.lineage};${view.epoch};${view.primaries.s0};${view.primaries.s1}`
  if (!VIEW.test(text))
    throw new Error(`a view that cannot be sent: lineage of over ${LINEAGE_CHARS_MAX} characters or bad epoch`)
  return text
}

export function parseView(text: string | null | undefined): View | null {
  if (text === null || text === undefined) return null
  const match = VIEW.exec(text)
  if (match === null) return null
  const epoch = Number(match[2])
  const lineage = match[1]
  const s0 = originName(match[3])
  const s1 = originName(match[4])
  if (lineage === undefined || s0 === null || s1 === null || !Number.isSafeInteger(epoch)) return null
  return { lineage, epoch, primaries: { s0, s1 } }
}

const originName = (text: string | undefined): OriginName | null => (text === 'a' || text === 'b' ? text : null)
