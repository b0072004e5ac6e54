// The documents of one collection: JSON of one type, or bytes.
import type { JsonPatch, ListPage } from '../origin/api/bodies.ts'
import type { Call, Caller } from './caller.ts'
import { must, type Result } from './failure.ts'
import { isListPage } from './shapes.ts'

/** `ifMatch`: only where the document is still that one. `ifNoneMatch`: `*` only where there is none. */
export type Conditions = { readonly ifMatch?: string; readonly ifNoneMatch?: string }
export type Options = { readonly signal?: AbortSignal }
export type WriteOptions = Options &
  Conditions & {
    /** refused rather than acknowledged by one disk alone */
    readonly mirrored?: boolean
  }
export type PutOptions = WriteOptions & { readonly ttlSeconds?: number }
export type ReadOptions = Options & {
  /** the asked host's own copy, perhaps behind */
  readonly local?: boolean
}

export type Written = { readonly etag: string; readonly created: boolean; readonly durability: 'mirrored' | 'solo' }
export type Found<T> = {
  readonly value: T
  readonly etag: string
  readonly type: string
  readonly modified: Date
  readonly expires: Date | null
}
export type ListOptions = Options & { readonly prefix?: string; readonly pageSize?: number; readonly local?: boolean }
export type Item = Omit<ListPage['items'][number], 'value' | 'base64' | 'modified'> & { readonly modified: Date }
export type Parse<T> = (value: unknown) => T
export type Patch<T> = { readonly [Name in keyof T]?: T[Name] extends object ? Patch<T[Name]> | null : T[Name] | null }

const JSON_TYPE = 'application/json'

export class Collection<T> {
  readonly #caller: Caller
  readonly #name: string
  readonly #parse: Parse<T>

  constructor(caller: Caller, name: string, parse: Parse<T>) {
    this.#caller = caller
    this.#name = name
    this.#parse = parse
  }

  /** Null where there is no such document. */
  async get(id: string, options: ReadOptions = {}): Promise<Result<Found<T> | null>> {
    return this.#read(id, options, async response => this.#parse(await response.json()))
  }

  async getBytes(id: string, options: ReadOptions = {}): Promise<Result<Found<Uint8Array> | null>> {
    return this.#read(id, options, async response => new Uint8Array(await response.arrayBuffer()))
  }

  put(id: string, value: T, options: PutOptions = {}): Promise<Result<Written>> {
    return this.putBytes(id, JSON.stringify(value), JSON_TYPE, options)
  }

  putBytes(
    id: string,
    body: string | Uint8Array<ArrayBuffer>,
    type: string,
    options: PutOptions = {},
  ): Promise<Result<Written>> {
    const headers = { 'Content-Type': type, ...writeHeaders(options) }
    return this.#write({
      method: 'PUT',
      target: this.#target(id) + ttlOf(options),
      headers,
      body,
      signal: options.signal,
    })
  }

  /** Under a new id, which the answer names. */
  async create(value: T, options: Omit<PutOptions, keyof Conditions> = {}): Promise<Result<Written & { id: string }>> {
    const target = `/v1/${this.#name}${ttlOf(options)}`
    const headers = { 'Content-Type': JSON_TYPE, ...writeHeaders(options) }
    const answered = await this.#caller.call({
      method: 'POST',
      target,
      headers,
      body: JSON.stringify(value),
      signal: options.signal,
    })
    if (answered.kind === 'failure') return { ok: false, failure: answered.failure }
    const location = answered.response.headers.get('location') ?? ''
    const id = decodeURIComponent(location.slice(`/v1/${this.#name}/`.length))
    return { ok: true, value: { ...writtenOf(answered.response), id } }
  }

  /** RFC 7396: members that are given replace those that are there, null removes one. */
  patch(id: string, patch: Patch<T>, options: WriteOptions = {}): Promise<Result<Written>> {
    return this.#patch(id, patch, 'application/merge-patch+json', options)
  }

  /** RFC 6902. */
  patchOps(id: string, ops: JsonPatch, options: WriteOptions = {}): Promise<Result<Written>> {
    return this.#patch(id, ops, 'application/json-patch+json', options)
  }

  /** False where there was none. */
  async delete(id: string, options: WriteOptions = {}): Promise<Result<boolean>> {
    const headers = writeHeaders(options)
    const answered = await this.#caller.call({
      method: 'DELETE',
      target: this.#target(id),
      headers,
      signal: options.signal,
    })
    if (answered.kind === 'answer') return { ok: true, value: true }
    return answered.failure.name === 'not-found' ? { ok: true, value: false } : { ok: false, failure: answered.failure }
  }

  /** All documents in the order of their ids' bytes, page by page as they are needed. Throws a TandemError. */
  async *list(options: ListOptions = {}): AsyncGenerator<Item> {
    for await (const { value: _value, base64: _bytes, modified, ...item } of this.#pages(options, false)) {
      yield { ...item, modified: new Date(modified) }
    }
  }

  /** The same with the documents that are JSON; others have no value. */
  async *listValues(options: ListOptions = {}): AsyncGenerator<Item & { readonly value: T | undefined }> {
    for await (const { value, base64: _bytes, modified, ...item } of this.#pages(options, true)) {
      yield { ...item, modified: new Date(modified), value: value === undefined ? undefined : this.#parse(value) }
    }
  }

  async *#pages(
    { prefix, pageSize, local, signal }: ListOptions,
    values: boolean,
  ): AsyncGenerator<ListPage['items'][number]> {
    const query = new URLSearchParams()
    if (prefix !== undefined) query.set('prefix', prefix)
    if (pageSize !== undefined) query.set('limit', String(pageSize))
    if (values) query.set('values', 'true')
    for (;;) {
      const target = `/v1/${this.#name}?${query}`
      const call = { method: 'GET', target, headers: localHeaders(local), signal } as const
      const page = must(await this.#caller.json(call, isListPage))
      yield* page.items
      if (page.next === null) return
      query.set('cursor', page.next)
    }
  }

  async #read<V>(
    id: string,
    { local, signal }: ReadOptions,
    read: (response: Response) => Promise<V>,
  ): Promise<Result<Found<V> | null>> {
    const answered = await this.#caller.call({
      method: 'GET',
      target: this.#target(id),
      headers: localHeaders(local),
      signal,
    })
    if (answered.kind === 'failure') {
      return answered.failure.name === 'not-found'
        ? { ok: true, value: null }
        : { ok: false, failure: answered.failure }
    }
    const { response } = answered
    const { headers } = response
    const expires = headers.get('expires')
    return {
      ok: true,
      value: {
        value: await read(response),
        etag: headers.get('etag') ?? '',
        type: headers.get('content-type') ?? '',
        modified: new Date(headers.get('last-modified') ?? Number.NaN),
        expires: expires === null ? null : new Date(expires),
      },
    }
  }

  #patch(id: string, body: unknown, type: string, options: WriteOptions): Promise<Result<Written>> {
    const headers = { 'Content-Type': type, ...writeHeaders(options) }
    const target = this.#target(id)
    return this.#write({ method: 'PATCH', target, headers, body: JSON.stringify(body), signal: options.signal })
  }

  async #write(call: Call): Promise<Result<Written>> {
    const answered = await this.#caller.call(call)
    if (answered.kind === 'failure') return { ok: false, failure: answered.failure }
    return { ok: true, value: writtenOf(answered.response) }
  }

  #target(id: string): string {
    // every URL parser would make another path of these
    if (id === '' || id === '.' || id === '..') throw new RangeError(`${JSON.stringify(id)} is no id`)
    return `/v1/${this.#name}/${encodeURIComponent(id)}`
  }
}

const ttlOf = ({ ttlSeconds }: PutOptions): string => (ttlSeconds === undefined ? '' : `?ttl=${ttlSeconds}`)

const localHeaders = (local: boolean | undefined): Record<string, string> =>
  local === true ? { Prefer: 'consistency=local' } : {}

export const writeHeaders = ({ ifMatch, ifNoneMatch, mirrored }: WriteOptions): Record<string, string> => ({
  ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
  ...(ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch }),
  ...(mirrored === true ? { Prefer: 'durability=mirrored' } : {}),
})

const writtenOf = ({ status, headers }: Response): Written => ({
  etag: headers.get('etag') ?? '',
  created: status === 201,
  durability: headers.get('tandem-durability') === 'solo' ? 'solo' : 'mirrored',
})
