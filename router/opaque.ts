// What clients hand back without looking into it: JSON in base64url. Whoever reads one checks its shape; here only bytes.

/** The longest cursor holds two keys of 577 bytes, each byte as six characters of JSON at worst, and some numbers. */
export const OPAQUE_CHARS_MAX = 10 * 1024

const OPAQUE = /^[A-Za-z0-9_-]+$/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toOpaque(value: readonly unknown[]): string {
  let binary = ''
  for (const byte of encoder.encode(JSON.stringify(value))) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Null where it is none; never throws, whatever the text. */
export function fromOpaque(text: string): readonly unknown[] | null {
  if (text.length > OPAQUE_CHARS_MAX || !OPAQUE.test(text)) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const value: unknown = JSON.parse(decoder.decode(Uint8Array.from(binary, char => char.charCodeAt(0))))
    return Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
