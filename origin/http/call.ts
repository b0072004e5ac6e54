// A call about one document.
import type { LocalCall } from '../../router/call.ts'
import type { DocumentResource } from '../../router/key.ts'

export type DocumentCall = LocalCall & { readonly resource: DocumentResource }
