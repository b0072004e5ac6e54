// The OpenAPI document by itself: its references lead somewhere, its schemas are schemas, its words are those of the code.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { docsPage } from '../../../origin/api/docspage.ts'
import { ENDPOINTS } from '../../../origin/api/endpoints.ts'
import { openApi } from '../../../origin/api/openapi.ts'
import { PROBLEM_NAMES, problemType } from '../../../router/problem.ts'

const document = openApi('1.2.3')

function* partsOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (Array.isArray(value)) for (const part of value) yield* partsOf(part)
  else if (typeof value === 'object' && value !== null) {
    const record: Readonly<Record<string, unknown>> = { ...value }
    yield record
    for (const part of Object.values(record)) yield* partsOf(part)
  }
}

const at = (pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, name) => (typeof value === 'object' && value !== null ? Object(value)[name] : undefined),
      document,
    )

describe('the OpenAPI document', () => {
  it('is JSON through and through', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })

  it('has no reference that leads nowhere', () => {
    const references = [...partsOf(document)].flatMap(part => (typeof part.$ref === 'string' ? [part.$ref] : []))
    expect(references.length).toBeGreaterThan(20)
    expect(references.filter(reference => at(reference) === undefined)).toEqual([])
  })

  it('has each operation once, with a name of its own', () => {
    expect(new Set(ENDPOINTS.map(({ id }) => id)).size).toBe(ENDPOINTS.length)
    expect(new Set(ENDPOINTS.map(({ method, path }) => `${method} ${path}`)).size).toBe(ENDPOINTS.length)
  })

  it('names the parameters of its paths, and no others', () => {
    const operation = z.object({ parameters: z.array(z.object({ name: z.string(), in: z.string() })) })
    const paths = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) }).parse(document).paths
    for (const [path, methods] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      for (const { parameters } of Object.values(methods)) {
        expect(parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)).toEqual(inPath)
      }
    }
  })
})

describe('the docs page', () => {
  const page = docsPage('1.2.3')

  it('has every endpoint, with a line to type, and every problem that there is', () => {
    for (const { id, curl } of ENDPOINTS) {
      expect(page).toContain(`<section id="${id}">`)
      expect(curl.length, id).toBeGreaterThan(0)
    }
    for (const name of PROBLEM_NAMES) {
      expect(page).toContain(`<section id="problem-${name}">`)
      expect(page).toContain(problemType(name))
    }
  })

  it('has no link that leads nowhere, and asks nothing from elsewhere', () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(match => match[1]))
    const links = [...page.matchAll(/ href="#([^"]+)"/g)].map(match => match[1])
    expect(links.filter(link => !ids.has(link))).toEqual([])
    expect([...page.matchAll(/(?:src|href)="(?!#|\/openapi\.json|data:,)[^"]*"/g)].map(([all]) => all)).toEqual([])
    expect(page).not.toMatch(/<script|@import|url\(/)
  })
})
