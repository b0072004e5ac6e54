// Calls by what they are about.
import type { LocalCall } from '../../router/call.ts'
import type { CollectionResource, DocumentResource } from '../../router/key.ts'

export type DocumentCall = LocalCall & { readonly resource: DocumentResource }
export type CollectionCall = LocalCall & { readonly resource: CollectionResource }
