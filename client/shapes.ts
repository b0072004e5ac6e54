// What the service answers with, looked at once as it comes in: the types are those of its own schemas.
import type { Change, ChangesPage, ListPage, TransactionResult } from '../origin/api/bodies.ts'

type Shape<T> = (value: unknown) => value is T

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const texts = (value: unknown, ...names: readonly string[]): value is Readonly<Record<string, unknown>> =>
  isRecord(value) && names.every(name => typeof value[name] === 'string')

const isListOf =
  <T>(isOne: Shape<T>) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.every(isOne)

type Item = ListPage['items'][number]
const isItem: Shape<Item> = (value): value is Item =>
  texts(value, 'id', 'etag', 'type', 'modified') && typeof value.size === 'number'
const isItems = isListOf(isItem)

export const isChange: Shape<Change> = (value): value is Change =>
  texts(value, 'key', 'op', 'etag', 'at') && (value.op === 'put' || value.op === 'delete')
const isChanges = isListOf(isChange)

const isResult: Shape<TransactionResult> = (value): value is TransactionResult =>
  texts(value, 'key') && (value.etag === null || typeof value.etag === 'string')
const isResults = isListOf(isResult)

export const isListPage: Shape<ListPage> = (value): value is ListPage =>
  isRecord(value) && isItems(value.items) && (value.next === null || typeof value.next === 'string')

export const isChangesPage: Shape<ChangesPage> = (value): value is ChangesPage =>
  texts(value, 'next') && isChanges(value.items)

export type TransactionAnswer = { readonly results: readonly TransactionResult[] }
export const isTransactionAnswer: Shape<TransactionAnswer> = (value): value is TransactionAnswer =>
  isRecord(value) && isResults(value.results)

/** Null where it is no JSON. */
export function parsedJson(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
