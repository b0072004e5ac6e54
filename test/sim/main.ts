// npm run sim -- --seed N --seeds K --steps M --minutes T --scenario NAME --without GUARD,GUARD --story
import { registerHooks } from 'node:module'
import { parseArgs } from 'node:util'
import { guardsOf, withoutGuards } from './guards.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    steps: { type: 'string', default: '400000' },
    minutes: { type: 'string' },
    story: { type: 'boolean', default: false },
    hash: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    without: { type: 'string' },
    failures: { type: 'string', default: '5' },
  },
})

if (values.without !== undefined) {
  const patched = withoutGuards(guardsOf(values.without))
  registerHooks({
    load: (url, context, next) => {
      const source = patched.get(url)
      return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

const { byScript, runSeed } = await import('./run.ts')
const { SCENARIOS } = await import('./scenarios.ts')
const scenarios = values.scenario === 'all' ? SCENARIOS : SCENARIOS.filter(each => each.name === values.scenario)
if (values.scenario !== undefined && scenarios.length === 0)
  throw new Error(`no such scenario; there are ${SCENARIOS.map(each => each.name).join(' ')}`)
const first = Number(values.seed)
const endAt =
  values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000
const count =
  values.seeds === undefined ? (values.minutes === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(values.seeds)
const began = performance.now()
let steps = 0
let failures = 0
let seeds = 0
const kinds = scenarios.length === 0 ? [null] : scenarios
run: for (let seed = first; seed < first + count && performance.now() < endAt; seed++) {
  for (const scenario of kinds) {
    const options = { seed, stepsMax: Number(values.steps), hashed: values.hash, aloud: values.story }
    const outcome = scenario === null ? await runSeed(options) : await runSeed(options, byScript(scenario))
    steps += outcome.steps
    seeds++
    if (count === 1) process.stdout.write(`${JSON.stringify({ ...outcome, story: undefined, broken: undefined })}\n`)
    if (outcome.broken === null) continue
    failures++
    const which = `${scenario === null ? '' : ` --scenario ${scenario.name}`}${values.without === undefined ? '' : ` --without ${values.without}`}`
    process.stdout.write(`${outcome.story.join('\n')}\nseed ${seed}${which} breaks ${outcome.broken.message}\n`)
    process.stdout.write(`again: npm run sim -- --seed ${seed}${which} --story\n\n`)
    if (failures >= Number(values.failures)) break run
  }
}
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  `${seeds} seeds, ${steps} steps in ${seconds.toFixed(1)} s (${Math.round(steps / seconds)} steps/s), ${failures} failed\n`,
)
process.exitCode = failures === 0 ? 0 : 1
