import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const HEAP = new URL('../../origin/heap.ts', import.meta.url).href
const run = (script: string): number =>
  Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))

/** Objects that live for a while and then go, as requests do; tells the highest use of the old generation, in bytes. */
const churn = (before: string): number =>
  run(`
    import { getHeapSpaceStatistics } from 'node:v8'
    import { boundHeapGrowth } from '${HEAP}'
    ${before}
    const old = () => getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size
    const alive = []
    let highest = 0
    for (let n = 0; n < 3_000_000; n++) {
      alive[n % 100_000] = { n, path: 'request ' + n, parts: [n, n + 1, n + 2] }
      if (n % 5_000 === 0) highest = Math.max(highest, old())
    }
    process.stdout.write(String(highest))`)

test('bounded, the old generation is collected long before V8 would', () => {
  expect(churn('boundHeapGrowth()')).toBeLessThan(churn('') * 0.7)
})

/** Of the young generation, after much has been made and forgotten. */
const youngAfter = (act: string): number =>
  run(`
    import { getHeapSpaceStatistics } from 'node:v8'
    import { giveBackWhatLoadingLeft } from '${HEAP}'
    let kept = []
    for (let n = 0; n < 300_000; n++) kept.push({ n, parts: [n] })
    kept = null
    ${act}
    process.stdout.write(String(getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size))`)

test('what loading left is given back to the system', () => {
  expect(youngAfter('giveBackWhatLoadingLeft()')).toBeLessThan(youngAfter('') / 3)
})
