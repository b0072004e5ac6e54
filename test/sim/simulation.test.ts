// The protocol under faults from a seed: the production code of both origins, everything around it simulated.
import { describe, expect, it } from 'vitest'
import { byScript, type Outcome, runSeed } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const FIRST_SEED = 1
const SEEDS = 400
const SEEDS_A_TEST = 25
const SCENARIO_SEEDS = [1, 2]
/** A second for most of them; a machine that does much else at once is many times slower. */
const TIMEOUT_MS = 180_000
const OPTIONS = { stepsMax: 400_000, hashed: false, aloud: false }

/** The story, what broke, and how to see it again. */
function report(outcome: Outcome, flags: string): string {
  if (outcome.broken === null) return ''
  const again = `npm run sim -- --seed ${outcome.seed}${flags} --story`
  return `\n${outcome.story.join('\n')}\nseed ${outcome.seed}${flags} breaks ${outcome.broken.message}\nagain: ${again}\n`
}

describe('random faults', () => {
  for (let from = FIRST_SEED; from < FIRST_SEED + SEEDS; from += SEEDS_A_TEST) {
    it(`break no invariant with seeds ${from} to ${from + SEEDS_A_TEST - 1}`, { timeout: TIMEOUT_MS }, async () => {
      let committed = 0
      for (let seed = from; seed < from + SEEDS_A_TEST; seed++) {
        const outcome = await runSeed({ ...OPTIONS, seed })
        expect(report(outcome, '')).toBe('')
        committed += outcome.committed
      }
      expect(committed).toBeGreaterThan(SEEDS_A_TEST)
    })
  }
})

describe('a scenario', () => {
  for (const scenario of SCENARIOS) {
    it(`${scenario.name}: ${scenario.says}`, { timeout: TIMEOUT_MS }, async () => {
      for (const seed of SCENARIO_SEEDS) {
        const outcome = await runSeed({ ...OPTIONS, seed }, byScript(scenario))
        expect(report(outcome, ` --scenario ${scenario.name}`)).toBe('')
      }
    })
  }
})

describe('a seed', () => {
  it('gives the same run each time', { timeout: TIMEOUT_MS }, async () => {
    for (const seed of [1, 7, 42]) {
      const [first, again] = [
        await runSeed({ ...OPTIONS, seed, hashed: true }),
        await runSeed({ ...OPTIONS, seed, hashed: true }),
      ]
      expect(again.digest).toBe(first.digest)
      expect(again.steps).toBe(first.steps)
    }
  })

  it('gives another run than its neighbour', { timeout: TIMEOUT_MS }, async () => {
    const [one, other] = [
      await runSeed({ ...OPTIONS, seed: 1, hashed: true }),
      await runSeed({ ...OPTIONS, seed: 2, hashed: true }),
    ]
    expect(other.digest).not.toBe(one.digest)
  })
})
