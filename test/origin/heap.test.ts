import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** Objects that live for a while and then go, as requests do; tells the highest use of the old generation, in bytes. */
const churn = (before: string): number => {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { boundHeapGrowth } from '${new URL('../../origin/heap.ts', import.meta.url).href}'
    ${before}
    const old = () => getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size
    const alive = []
    let highest = 0
    for (let n = 0; n < 3_000_000; n++) {
      alive[n % 100_000] = { n, path: 'request ' + n, parts: [n, n + 1, n + 2] }
      if (n % 5_000 === 0) highest = Math.max(highest, old())
    }
    process.stdout.write(String(highest))`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
}

test('bounded, the old generation is collected long before V8 would', () => {
  expect(churn('boundHeapGrowth()')).toBeLessThan(churn('') * 0.7)
})
