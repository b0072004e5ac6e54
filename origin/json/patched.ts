// A document's bytes and a patch's bytes become the bytes of the patched document, or the reason why not.
import type { Patch } from '../../replicator/store/command.ts'
import type { Refusal } from '../../replicator/store/outcome.ts'
import { merged } from './merge.ts'
import { parsePatch } from './operations.ts'
import { applyPatch } from './patch.ts'
import { type Json, parseJson, printJson } from './text.ts'

export type PatchedBytes = { readonly kind: 'patched'; readonly body: Uint8Array } | Refusal

/** `application/json`, or a type with that suffix (RFC 6839 3.1). */
const JSON_TYPE = /^application\/json(?:[ \t]*;|$)|^[^;]+\+json(?:[ \t]*;|$)/i

export function patchedBytes(
  document: { readonly type: string; readonly body: Uint8Array },
  patch: Pick<Patch, 'form' | 'body' | 'bytesMax'>,
): PatchedBytes {
  const parsed = parseJson(patch.body)
  if (parsed === undefined) return { kind: 'badPatch', detail: 'The patch is no JSON text.' }
  const value = JSON_TYPE.test(document.type) ? parseJson(document.body) : undefined
  if (value === undefined) return { kind: 'notJson' }
  const outcome = patchedValue(value, patch.form, parsed)
  if (outcome.kind !== 'patched') return outcome
  const body = printJson(outcome.value)
  if (body.length <= patch.bytesMax) return { kind: 'patched', body }
  return { kind: 'tooLarge', detail: `The document would have ${body.length} bytes, ${patch.bytesMax} are allowed.` }
}

function patchedValue(
  value: Json,
  form: Patch['form'],
  patch: Json,
): { readonly kind: 'patched'; readonly value: Json } | Refusal {
  if (form === 'merge') return { kind: 'patched', value: merged(value, patch) }
  const parsed = parsePatch(patch)
  if (parsed.kind === 'malformed') return { kind: 'badPatch', detail: parsed.detail }
  return applyPatch(value, parsed.operations)
}
