// A short schedule of the chaos bench; `npm run chaos` runs long ones.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { missing } from './needs.ts'

const SEED = 1
const KINDS = 'power,upgrade'
/** Some 30 s: a start and two faults. The rest is for a machine that does other things too; each wait in it has a bound. */
const BOUND_MS = 240_000

const lacking = await missing('keepalived')

test(`seed ${SEED}: ${KINDS} on hosts with two cards each lose nothing and end whole`, { timeout: BOUND_MS }, ({
  skip,
}) => {
  if (lacking !== null) skip(lacking)
  const script = new URL('main.ts', import.meta.url).pathname
  const args = ['--seed', String(SEED), '--faults', '2', '--minutes', '5', '--kinds', KINDS]
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    timeout: BOUND_MS,
  })
  expect(status, `${stdout}\n${stderr}\nagain: npm run chaos -- ${args.join(' ')}`).toBe(0)
  expect(stdout).toContain('faults 2,')
})
