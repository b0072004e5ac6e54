// npm run sim -- --seed N --seeds K --steps M --minutes T --scenario NAME --without GUARD --story
import { registerHooks } from 'node:module'
import { parseArgs } from 'node:util'
import { GUARDS, guardText, guardUrl } from './guards.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    steps: { type: 'string', default: '400000' },
    minutes: { type: 'string' },
    story: { type: 'boolean', default: false },
    hash: { type: 'boolean', default: false },
    without: { type: 'string' },
    failures: { type: 'string', default: '5' },
  },
})

if (values.without !== undefined) {
  const guard = GUARDS.find(each => each.name === values.without)
  if (guard === undefined) throw new Error(`no such guard; there are ${GUARDS.map(each => each.name).join(' ')}`)
  const url = guardUrl(guard)
  const source = guardText(guard)
  registerHooks({
    load: (asked, context, next) =>
      asked === url ? { format: 'module-typescript', source, shortCircuit: true } : next(asked, context),
  })
}

const { runSeed } = await import('./run.ts')
const first = Number(values.seed)
const endAt =
  values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000
const count =
  values.seeds === undefined ? (values.minutes === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(values.seeds)
const began = performance.now()
let steps = 0
let failures = 0
let seeds = 0
for (let seed = first; seed < first + count && performance.now() < endAt; seed++) {
  const outcome = await runSeed({ seed, stepsMax: Number(values.steps), hashed: values.hash, aloud: values.story })
  steps += outcome.steps
  seeds++
  if (count === 1) process.stdout.write(`${JSON.stringify({ ...outcome, story: undefined, broken: undefined })}\n`)
  if (outcome.broken === null) continue
  failures++
  process.stdout.write(`${outcome.story.join('\n')}\nseed ${seed} breaks ${outcome.broken.message}\n`)
  process.stdout.write(`again: npm run sim -- --seed ${seed} --story\n\n`)
  if (failures >= Number(values.failures)) break
}
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  `${seeds} seeds, ${steps} steps in ${seconds.toFixed(1)} s (${Math.round(steps / seconds)} steps/s), ${failures} failed\n`,
)
process.exitCode = failures === 0 ? 0 : 1
