// Holds answers against the OpenAPI document that the service itself gives: what it does not declare is a fault, and what
// it declares and nobody has seen is one too.
import { z } from 'zod'
import type { Answer } from './exchange.ts'

const mediaSchema = z.object({ schema: z.record(z.string(), z.unknown()).optional() })
const responseSchema = z.object({
  headers: z.record(z.string(), z.unknown()).default({}),
  content: z.record(z.string(), mediaSchema).optional(),
})
const operationSchema = z.object({ operationId: z.string(), responses: z.record(z.string(), responseSchema) })
const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})

type Operation = z.output<typeof operationSchema>
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

export class Described {
  readonly #operations: readonly { readonly method: string; readonly path: RegExp; readonly operation: Operation }[]
  readonly #definitions: unknown
  readonly #validators = new Map<string, z.ZodType>()
  readonly #seen = new Set<string>()
  /** what the service did that it does not declare */
  readonly faults: string[] = []

  constructor(document: unknown) {
    const { paths, components } = documentSchema.parse(document)
    this.#definitions = asDefinitions(components.schemas)
    this.#operations = Object.entries(paths)
      // literal paths go before those with parameters
      .toSorted(([x], [y]) => x.split('{').length - y.split('{').length)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ method, path: pattern(path), operation })),
      )
  }

  /** Every operation with every status that it declares. */
  get declared(): readonly string[] {
    return this.#operations.flatMap(({ operation }) =>
      Object.keys(operation.responses).map(status => `${operation.operationId} ${status}`),
    )
  }

  get seen(): ReadonlySet<string> {
    return this.#seen
  }

  judge(method: string, target: string, answer: Answer): void {
    const path = target.split('?')[0] ?? ''
    const all = this.#operations.filter(one => one.path.test(path))
    const operation = all.find(one => one.method === method.toLowerCase())?.operation
    const fault = (text: string): void => void this.faults.push(`${method} ${target} ${answer.status}: ${text}`)
    if (operation === undefined) {
      // nothing is declared there: the client is told so
      if (![400, 401, 404, 405, 501].includes(answer.status)) fault('no such operation is declared')
      return
    }
    const response = operation.responses[answer.status]
    if (response === undefined) return fault(`${operation.operationId} does not declare this status`)
    this.#seen.add(`${operation.operationId} ${answer.status}`)
    for (const name of answer.headers.keys()) {
      const known = Object.keys(response.headers).some(header => header.toLowerCase() === name)
      if (name.startsWith('tandem-') && !known) fault(`${name} is not declared`)
    }
    if (method === 'HEAD' || response.content === undefined) {
      if (answer.body !== '') fault('a body where none is declared')
      return
    }
    this.#judgeBody(response.content, answer, fault)
  }

  #judgeBody(
    content: Readonly<Record<string, z.output<typeof mediaSchema>>>,
    { headers, body }: Answer,
    fault: (text: string) => void,
  ): void {
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
    const media = content[type] ?? content['*/*']
    if (media === undefined) return fault(`the type ${type} is not declared`)
    if (media.schema === undefined || !/json$/.test(type)) return
    const valid = this.#validator(media.schema).safeParse(JSON.parse(Buffer.from(body, 'latin1').toString('utf8')))
    if (!valid.success) fault(`the body is not as declared: ${z.prettifyError(valid.error)}: ${body.slice(0, 300)}`)
  }

  #validator(schema: Readonly<Record<string, unknown>>): z.ZodType {
    const text = JSON.stringify(schema)
    const known = this.#validators.get(text)
    if (known !== undefined) return known
    const made = z.fromJSONSchema({ ...asDefinitions(schema), $defs: this.#definitions } as JsonSchema)
    this.#validators.set(text, made)
    return made
  }
}

/** References as JSON Schema alone knows them. */
const asDefinitions = (value: unknown): object =>
  JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/')) as object

/** The last parameter of a path may hold slashes. */
function pattern(path: string): RegExp {
  const text = path.replaceAll(/[.]/g, '\\.').replace(/\{id\}$/, '(?!_).+')
  return new RegExp(`^${text.replaceAll('{collection}', '(?!_)[^/]+').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}
