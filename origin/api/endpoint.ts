// What is said of an endpoint: enough for the OpenAPI document, the docs page and the tests that hold both against the
// running service.
import type { z } from 'zod'
import type { Access } from '../../router/guard.ts'
import type { ProblemName } from '../../router/problem.ts'
import type { BodyName } from './bodies.ts'
import type { AnswerHeader, RequestHeader } from './headers.ts'

export type Method = 'get' | 'head' | 'put' | 'patch' | 'post' | 'delete'

/** `bytes`: whatever its Content-Type says; `text`: text of that type; `object`: JSON that is described elsewhere. */
export type Content = Readonly<Record<string, BodyName | 'bytes' | 'text' | 'object'>>

export type Answer = {
  readonly status: number
  readonly text: string
  readonly headers: readonly AnswerHeader[]
  readonly content: Content | null
}

/** Path parameters, by name. */
export type PathParameters = Readonly<
  Record<string, { readonly text: string; readonly pattern: string; readonly example: string }>
>

export type Endpoint = {
  readonly id: string
  readonly group: 'documents' | 'collections' | 'transactions' | 'changes' | 'outcomes' | 'service'
  readonly method: Method
  /** with {parameters} */
  readonly path: string
  readonly title: string
  readonly text: string
  /** the scope that its token needs; null is open to all */
  readonly access: Access | null
  readonly query: z.ZodObject | null
  readonly headers: readonly RequestHeader[]
  readonly body: { readonly text: string; readonly required: boolean; readonly content: Content } | null
  readonly answers: readonly Answer[]
  readonly problems: readonly ProblemName[]
  /** to be typed one after the other */
  readonly curl: readonly string[]
}

/** The same without a body. */
export const headOf = (get: Endpoint, id: string): Endpoint => ({
  ...get,
  id,
  method: 'head',
  title: `${get.title}: the head alone`,
  text: 'What GET would answer, without its body.',
  answers: get.answers.map(answer => ({ ...answer, content: null })),
  curl: get.curl.slice(-1).map(line => line.replace('curl ', 'curl -I ')),
})
