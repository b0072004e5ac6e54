// npm run matrix -- --restarts N --only kill,stop,… --port-base P: every fault under clients, and one table of their waits.
import { parseArgs } from 'node:util'
import { ORIGINS } from '../../router/words.ts'
import { startTestCluster } from '../cluster/cluster.ts'
import { Matrix } from './matrix.ts'
import { table } from './window.ts'

const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '10' },
    only: { type: 'string', default: 'kill,stop,freeze,drain,restart,queue' },
    'port-base': { type: 'string', default: '19800' },
  },
})
const [restarts, portBase] = [Number(values.restarts), Number(values['port-base'])]
if (!(restarts > 0 && portBase > 0)) throw new Error('--restarts and --port-base are positive numbers')
const chosen = values.only.split(',')

const cluster = await startTestCluster(portBase, { edge: true })
const matrix = new Matrix(cluster, what => process.stderr.write(`${what}\n`))
try {
  await matrix.fairWeather()
  for (const kind of ['kill', 'stop', 'freeze', 'drain'] as const)
    for (const victim of ORIGINS) if (chosen.includes(kind)) await matrix[kind](victim)
  if (chosen.includes('restart')) await matrix.rollingRestart(restarts)
  if (chosen.includes('queue')) await matrix.killQueueMaster()
} finally {
  await matrix.close()
  await cluster.close()
}
process.stdout.write(`${table(matrix.windows)}\n`)
for (const fault of matrix.faults) process.stdout.write(`fault: ${fault}\n`)
for (const late of matrix.late) process.stdout.write(`late: ${late}\n`)
if (matrix.tooBusy !== null) process.stdout.write(`${matrix.tooBusy}\n`)
process.exitCode = matrix.faults.length + matrix.late.length === 0 ? 0 : 1
