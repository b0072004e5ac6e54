// npm test: types, lint, then every test that this machine can run. Arguments choose test files (npm test -- test/router).
// The last line counts: types and lint as one test each.
import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'
import { startVitest, type TestModule } from 'vitest/node'

type Tally = { readonly passed: number; readonly failed: number; readonly skipped: readonly string[] }

const ROOT = new URL('..', import.meta.url).pathname

function check(what: string, program: string, ...args: string[]): Tally {
  process.stdout.write(`\n${what}\n`)
  const started = performance.now()
  const { status } = spawnSync(process.execPath, [`node_modules/${program}`, ...args], { cwd: ROOT, stdio: 'inherit' })
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
  process.stdout.write(status === 0 ? ` ok (${took})\n` : ` failed (${took})\n`)
  return status === 0 ? { passed: 1, failed: 0, skipped: [] } : { passed: 0, failed: 1, skipped: [] }
}

async function tests(chosen: string[]): Promise<Tally> {
  const vitest = await startVitest(chosen, { root: ROOT, watch: false, run: true })
  const tally = sum(vitest.state.getTestModules().map(count))
  const unhandled = vitest.state.getUnhandledErrors().length
  await vitest.close()
  const none = tally.passed + tally.failed + tally.skipped.length === 0
  return { ...tally, failed: tally.failed + unhandled + (none ? 1 : 0) }
}

/** A file that cannot even be loaded, or a hook that fails, is one failure of its own. */
function count(module: TestModule): Tally {
  const all = [...module.children.allTests()]
  const of = (state: string): number => all.filter(test => test.result().state === state).length
  const outside = [module, ...module.children.allSuites()].reduce((errors, each) => errors + each.errors().length, 0)
  const skipped = all.flatMap(test => {
    const result = test.result()
    if (result.state !== 'skipped') return []
    return [`${relative(ROOT, module.moduleId)}: ${test.fullName}: ${result.note ?? 'no reason given'}`]
  })
  return { passed: of('passed'), failed: of('failed') + of('pending') + outside, skipped }
}

const sum = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((total, each) => total + each.passed, 0),
  failed: tallies.reduce((total, each) => total + each.failed, 0),
  skipped: tallies.flatMap(each => each.skipped),
})

const total = sum([
  check('types', 'typescript/bin/tsc', '--noEmit'),
  check('lint', '@biomejs/biome/bin/biome', 'check', '.'),
  await tests(process.argv.slice(2)),
])
if (total.skipped.length > 0) process.stdout.write(`\nskipped:\n${total.skipped.map(each => `  ${each}\n`).join('')}`)
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped\n`)
process.exit(total.failed === 0 ? 0 : 1)
