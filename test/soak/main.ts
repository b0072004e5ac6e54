// npm run soak -- --seed N --minutes T --rounds K --port-base P: real processes under load and a seeded schedule of faults.
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '1000000' },
    'port-base': { type: 'string', default: '19200' },
  },
})
const [seed, minutes, rounds, portBase] = [values.seed, values.minutes, values.rounds, values['port-base']].map(Number)
if ([seed, minutes, rounds, portBase].some(value => value === undefined || !(value > 0)))
  throw new Error('--seed, --minutes, --rounds and --port-base are positive numbers')

process.stdout.write(`seed ${seed}\n`)
const result = await soak({
  seed: seed ?? 0,
  minutes: minutes ?? 0,
  rounds: rounds ?? 0,
  portBase: portBase ?? 0,
  tell: line => process.stdout.write(`${line}\n`),
})
const { broken, waits, ...counts } = result
process.stdout.write(`\nthe longest waits:\n`)
for (const { ms, at, what } of waits)
  process.stdout.write(`  ${Math.round(ms)} ms from ${(at / 1000).toFixed(3)}: ${what}\n`)
process.stdout.write(
  `${Object.entries(counts)
    .map(([name, value]) => `${name} ${Math.round(value)}`)
    .join(', ')}\n`,
)
for (const what of broken) process.stdout.write(`broken: ${what}\n`)
process.stdout.write(`the same schedule again: npm run soak -- --seed ${seed} --rounds ${result.rounds} --minutes 60\n`)
process.exitCode = broken.length === 0 ? 0 : 1
