// The bench's inner half: runs in the clients' namespace, so that clients use the floating addresses over their cards.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent, setGlobalDispatcher } from 'undici'
import { Chaos } from './chaos.ts'
import { clockEnv } from './clock.ts'
import { kindsWith } from './faults.ts'
import { moverOf } from './needs.ts'
import { Network } from './network.ts'
import { Pair } from './pair.ts'
import { tableOf } from './table.ts'

const { values } = parseArgs({
  options: {
    prefix: { type: 'string', default: '' },
    dir: { type: 'string', default: '' },
    addresses: { type: 'string', default: 'keepalived' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '2' },
    faults: { type: 'string', default: '1000000' },
    kinds: { type: 'string', default: '' },
    out: { type: 'string' },
  },
})

// As a good client of a floating address: a connection whose host has gone silent is found out within seconds.
setGlobalDispatcher(new Agent({ connect: { keepAlive: true, keepAliveInitialDelay: 1000, timeout: 5000 } }))

const mover = moverOf(values.addresses)
const seed = Number(values.seed)
const clock = clockEnv()
if (clock === null) process.stdout.write('clocks do not jump: libfaketime is not installed\n')
const known = kindsWith(mover).filter(kind => kind !== 'clock-jump' || clock !== null)
const kinds = values.kinds === '' ? known : values.kinds.split(',')
// Only where clocks shall jump is anything but what is rendered put into the processes.
const env = clock !== null && kinds.includes('clock-jump') ? clock : {}
const pair = await Pair.render(new Network(values.prefix), values.dir, mover, env)
const end = async (): Promise<void> => {
  await pair.end()
}
process.once('SIGTERM', () => void end().then(() => process.exit(1)))

const began = performance.now()
const tell = (line: string): void =>
  void process.stdout.write(`${((performance.now() - began) / 1000).toFixed(3).padStart(8)} ${line}\n`)

try {
  await pair.start(tell)
  const result = await new Chaos(pair, {
    seed,
    ms: Number(values.minutes) * 60_000,
    faults: Number(values.faults),
    kinds,
    tell,
  }).run()
  const { broken, measured, ...counts } = result
  const table = tableOf(measured)
  process.stdout.write(`\n${table}\n\n`)
  process.stdout.write(
    `${[`seed ${seed}`, `faults ${measured.length}`, ...Object.entries(counts).map(([name, value]) => `${name} ${Math.round(value)}`)].join(', ')}\n`,
  )
  if (values.out !== undefined) writeFileSync(values.out, `${table}\n`)
  for (const what of broken) process.stdout.write(`broken: ${what}\n`)
  process.exitCode = broken.length === 0 ? 0 : 1
} finally {
  await end()
}
process.exit()
