import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const HEAP = new URL('../../origin/heap.ts', import.meta.url).href
/** Its collector has no threads of its own: on a busy machine they would come late, and the heap be larger for it. */
const FLAGS = ['--single-threaded-gc', '--input-type=module', '-e']
const run = (script: string): number => Number(execFileSync(process.execPath, [...FLAGS, script], { encoding: 'utf8' }))

/** What lives long is replaced again and again; tells how much of it, dead or alive, there was at most, in bytes. */
const replaced = (before: string): number =>
  run(`
    import { getHeapSpaceStatistics } from 'node:v8'
    import { boundHeapGrowth } from '${HEAP}'
    ${before}
    // too large for the young generation
    const large = () => getHeapSpaceStatistics().find(space => space.space_name === 'large_object_space').space_used_size
    const alive = []
    let highest = 0
    for (let n = 0; n < 4000; n++) {
      alive[n % 100] = new Array(50_000).fill(n)
      highest = Math.max(highest, large())
    }
    process.stdout.write(String(highest))`)

test('bounded, the old generation is collected sooner than V8 would', () => {
  expect(replaced('boundHeapGrowth()')).toBeLessThan(replaced('') * 0.85)
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
