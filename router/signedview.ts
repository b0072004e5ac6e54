// A view with the cluster's signature: the only form in which a router takes one from an answer. What a forger could
// reach is a detour, never a wrong answer (the gate of each origin decides), but not even that is given away.
import type { Mac } from './mac.ts'
import type { View } from './view.ts'
import { encodeView, parseView } from './viewheader.ts'

/** The purpose is signed with the words, so that no signature serves two purposes. */
const signedText = (text: string): string => `tandem-view\n${text}`

/** Signs each view once: it is sent many times. `sign` is a host's, which answers at once. */
export function viewSealer(mac: { sign(text: string): string }): (view: View) => string {
  let text = ''
  let sealed = ''
  return view => {
    const next = encodeView(view)
    if (next !== text) {
      text = next
      sealed = `${next};${mac.sign(signedText(next))}`
    }
    return sealed
  }
}

/** Null where it is none, or not signed by one who knows the secret. */
export async function openView(text: string | null, mac: Mac): Promise<View | null> {
  if (text === null) return null
  const end = text.lastIndexOf(';')
  const view = parseView(text.slice(0, Math.max(end, 0)))
  if (view === null) return null
  return (await mac.verify(signedText(text.slice(0, end)), text.slice(end + 1))) ? view : null
}
