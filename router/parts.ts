// The parts that an answer was made of, kept beside it: whoever sends it on in frames need not take a Response apart. Only
// for answers whose head nobody changes afterwards.

const PARTS = Symbol('parts')

export type Parts = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer> | null
}

type Made = Response & { readonly [PARTS]?: Parts }

export function responseOf(parts: Parts): Response {
  return Object.assign(new Response(parts.body, { status: parts.status, headers: parts.headers }), { [PARTS]: parts })
}

export const partsOf = (response: Made): Parts | null => response[PARTS] ?? null
