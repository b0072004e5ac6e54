// The rules and the Grafana dashboard name metrics that exist, with labels that they have.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { metricNames } from '../origin/observe/scraped.ts'

const read = (file: string): string => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8')
const named = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:tandem|process|nodejs)_[a-z0-9_]+/g)].map(match => match[0])

it('alert rules name metrics that exist', async () => {
  const expressions = [...read('alerts.yml').matchAll(/^ +expr: (.+)$/gm)].map(match => match[1] ?? '')
  expect(expressions.length).toBeGreaterThan(8)
  const known = await metricNames()
  expect(expressions.flatMap(named).filter(name => !known.has(name))).toEqual([])
})

it('the dashboard names metrics that exist, and each panel has its place', async () => {
  const dashboard = z
    .object({
      panels: z.array(
        z.object({
          id: z.number(),
          title: z.string(),
          gridPos: z.object({ x: z.number(), y: z.number() }),
          targets: z.array(z.object({ expr: z.string() })).min(1),
        }),
      ),
    })
    .parse(JSON.parse(read('grafana.json')))
  const known = await metricNames()
  const expressions = dashboard.panels.flatMap(panel => panel.targets.map(target => target.expr))
  expect(expressions.flatMap(named).filter(name => !known.has(name))).toEqual([])
  expect(new Set(dashboard.panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size).toBe(dashboard.panels.length)
})
