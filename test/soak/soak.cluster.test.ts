// One short seed of the soak; `npm run soak` runs longer ones.
import { expect, test } from 'vitest'
import { soak } from './soak.ts'

const SEED = 6
const ROUNDS = 2

test(`seed ${SEED}: ${ROUNDS} rounds of faults under load lose nothing and end whole`, async () => {
  const story: string[] = []
  const tell = (line: string): void => {
    story.push(line)
  }
  const result = await soak({ seed: SEED, minutes: 10, rounds: ROUNDS, portBase: 19_700, tell })
  expect(
    result.broken,
    `${story.join('\n')}\nagain: npm run soak -- --seed ${SEED} --rounds ${ROUNDS} --minutes 10`,
  ).toEqual([])
  expect(result).toMatchObject({ rounds: ROUNDS, gaveUp: 0 })
  expect(result.answered).toBeGreaterThan(200)
})
