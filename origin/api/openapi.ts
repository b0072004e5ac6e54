// The OpenAPI 3.1 document, made of the endpoints and of the schemas that validate.
import { z } from 'zod'
import { type ProblemName, problemStatus, problemTitle, problemType } from '../../router/problem.ts'
import { BODIES } from './bodies.ts'
import type { Content, Endpoint } from './endpoint.ts'
import { ENDPOINTS, PATH_PARAMETERS, problemsByStatus } from './endpoints.ts'
import {
  ANSWER_HEADERS,
  type AnswerHeader,
  COMMON_HEADERS,
  OPEN_HEADERS,
  PROBLEM_HEADERS,
  REQUEST_HEADERS,
} from './headers.ts'

type Json = { readonly [name: string]: unknown }

const PROBLEM_MEDIA = 'application/problem+json'

export const openApi = (version: string): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Tandem',
    version,
    description:
      'Two ordinary servers that act as one dependable HTTP service. Both origins and the edge answer alike.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  tags: [...new Set(ENDPOINTS.map(({ group }) => group))].map(name => ({ name })),
  paths: pathsOf(),
  components: {
    schemas: schemas(),
    headers: Object.fromEntries(
      Object.entries(ANSWER_HEADERS).map(([name, description]) => [name, { description, schema: TEXT }]),
    ),
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer', description: 'Where tokens are configured (TANDEM_TOKENS).' },
    },
  },
})

const TEXT: Json = { type: 'string' }

function pathsOf(): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of ENDPOINTS) {
    const path = paths[endpoint.path] ?? {}
    path[endpoint.method] = operationOf(endpoint)
    paths[endpoint.path] = path
  }
  return paths
}

function operationOf(endpoint: Endpoint): Json {
  const { id, group, title, text, access, body } = endpoint
  return {
    operationId: id,
    tags: [group],
    summary: title,
    description: access === null ? text : `${text} Scope: ${access}.`,
    security: access === null ? [] : [{ token: [] }, {}],
    parameters: [...pathParameters(endpoint.path), ...queryParameters(endpoint), ...headerParameters(endpoint)],
    ...(body === null
      ? {}
      : { requestBody: { description: body.text, required: body.required, content: contentOf(body.content) } }),
    responses: responsesOf(endpoint),
  }
}

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const parameter = PATH_PARAMETERS[name]
    if (parameter === undefined) throw new Error(`${path} has a parameter that nobody describes`)
    const { text, pattern, example } = parameter
    return { name, in: 'path', required: true, description: text, schema: { ...TEXT, pattern }, example }
  })

const queryParameters = ({ query }: Endpoint): Json[] =>
  Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...shape } = jsonSchema(schema)
    return { name, in: 'query', required: !schema.safeParse(undefined).success, description, schema: shape }
  })

const headerParameters = ({ headers }: Endpoint): Json[] =>
  headers
    // OpenAPI 3.1, Parameter Object: these are said in other places, and ignored here
    .filter(name => name !== 'Accept' && name !== 'Content-Type')
    .map(name => ({ name, in: 'header', required: false, description: REQUEST_HEADERS[name], schema: TEXT }))

function responsesOf(endpoint: Endpoint): Json {
  const responses: Record<string, Json> = {}
  const common = commonHeaders(endpoint)
  for (const { status, text, headers, content } of endpoint.answers) {
    responses[status] = {
      description: text,
      headers: headerRefs([...headers, ...common]),
      ...(content === null ? {} : { content: contentOf(content) }),
    }
  }
  for (const [status, names] of problemsByStatus(endpoint)) {
    responses[status] = {
      description: names.map(name => `${problemTitle(name)} (${problemType(name)}).`).join(' '),
      headers: headerRefs([...(PROBLEM_HEADERS[status] ?? []), ...common]),
      ...(endpoint.method === 'head' ? {} : { content: { [PROBLEM_MEDIA]: { schema: problemSchema(names) } } }),
    }
  }
  return responses
}

/** A write says how durable it is whatever became of it: what a refusal rests on is committed too. */
const commonHeaders = ({ access }: Endpoint): readonly AnswerHeader[] => {
  if (access === null) return OPEN_HEADERS
  return access === 'write' ? [...COMMON_HEADERS, 'Tandem-Durability', 'Tandem-Reign'] : COMMON_HEADERS
}

const headerRefs = (names: readonly AnswerHeader[]): Json =>
  Object.fromEntries(names.map(name => [name, { $ref: `#/components/headers/${name}` }]))

const problemSchema = (names: readonly ProblemName[]): Json => ({
  allOf: [
    { $ref: '#/components/schemas/Problem' },
    {
      type: 'object',
      properties: { type: { enum: names.map(problemType) }, status: { const: problemStatus(names[0] ?? 'internal') } },
    },
  ],
})

const contentOf = (content: Content): Json =>
  Object.fromEntries(Object.entries(content).map(([media, what]) => [media, schemaOf(what)]))

function schemaOf(what: Content[string]): Json {
  if (what === 'bytes') return {}
  if (what === 'text') return { schema: TEXT }
  return { schema: what === 'object' ? { type: 'object' } : { $ref: `#/components/schemas/${what}` } }
}

function schemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(BODIES)) registry.add(schema, { id })
  const made = z.toJSONSchema(registry, { uri: id => `#/components/schemas/${id}`, io: 'input', override: plainer })
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, plain(schema)]))
}

/** As it stands in a parameter: what comes out is what the text means. */
const jsonSchema = (schema: z.ZodType): Json => plain(z.toJSONSchema(schema, { io: 'output', override: plainer }))

/** Bounds and patterns that say no more than `type` and `format` do. */
function plainer({ jsonSchema: made }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
  if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
  if (made.format !== undefined) delete made.pattern
}

const plain = ({ $schema, $id, ...rest }: Json): Json => rest
