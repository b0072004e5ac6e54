// What a client is told where the writer refused its write.
import type { Refusal } from '../../replicator/store/outcome.ts'
import type { ProblemFields, ProblemName } from '../../router/problem.ts'

export type Refused = { readonly name: ProblemName; readonly fields: ProblemFields }

export function refusedAs(refusal: Refusal): Refused {
  switch (refusal.kind) {
    case 'missing':
      return { name: 'not-found', fields: {} }
    case 'preconditionFailed': {
      const headers: Record<string, string> = refusal.etag === null ? {} : { ETag: refusal.etag }
      return { name: 'precondition-failed', fields: { headers } }
    }
    case 'exists':
      return { name: 'conflict', fields: { detail: 'There is a document of this id already.' } }
    case 'notJson':
      return { name: 'not-json', fields: { detail: 'Only documents with a JSON type and JSON text can be patched.' } }
    case 'badPatch':
      return { name: 'malformed-patch', fields: { detail: refusal.detail } }
    case 'testFailed':
      return { name: 'patch-test-failed', fields: { detail: refusal.detail } }
    case 'inapplicable':
      return { name: 'patch-inapplicable', fields: { detail: refusal.detail } }
    case 'tooLarge':
      return { name: 'result-too-large', fields: { detail: refusal.detail } }
  }
}

/** Of one operation of a transaction: `op` is its number, from 0. */
export function refusedInTransaction(op: number, refusal: Refusal): Refused {
  const { name, fields } = refusedAs(refusal)
  const etag = refusal.kind === 'preconditionFailed' ? { etag: refusal.etag } : {}
  const detail = `Operation ${op} was refused, so none of them took effect.`
  return {
    name,
    fields: { detail: fields.detail === undefined ? detail : `${detail} ${fields.detail}`, more: { op, ...etag } },
  }
}
