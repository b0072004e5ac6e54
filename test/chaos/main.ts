// npm run chaos -- --seed N --minutes T [--addresses pacemaker] [--kinds LIST] [--faults N] [--out FILE] [--keep]: hosts as network
// namespaces, faults under load.
// The outer half: makes the network, runs the inner half in it, and takes everything down again whatever happened.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kill } from './host.ts'
import { missing, moverOf } from './needs.ts'
import { Network, NODES } from './network.ts'

const { values } = parseArgs({
  strict: false,
  options: { addresses: { type: 'string', default: 'keepalived' } },
})
const lacking = await missing(moverOf(String(values.addresses)))
if (lacking !== null) {
  process.stderr.write(`The chaos bench cannot run here: ${lacking}\n`)
  process.exit(2)
}

const dir = mkdtempSync(join(tmpdir(), 'tandem-chaos-'))
const prefix = `tdm-${process.pid}`
const network = new Network(prefix)
const args = process.argv.slice(2).filter(arg => arg !== '--keep')

/** Of processes in the bench's namespaces, whoever started them. */
function leftovers(): number[] {
  const spaces = new Set([...NODES, 'switch' as const].map(each => statSync(`/run/netns/${network.space(each)}`).ino))
  return readdirSync('/proc').flatMap(entry => {
    if (!/^\d+$/.test(entry)) return []
    try {
      return spaces.has(statSync(`/proc/${entry}/ns/net`).ino) ? [Number(entry)] : []
    } catch {
      // gone meanwhile, or not ours to look at
      return []
    }
  })
}

let code = 1
try {
  await network.up()
  const script = new URL('inside.ts', import.meta.url).pathname
  const inner = spawn(
    'nsenter',
    [`--net=/run/netns/${network.space('c')}`, process.execPath, script, ...args, '--prefix', prefix, '--dir', dir],
    { stdio: 'inherit' },
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => inner.kill('SIGTERM'))
  code = await new Promise<number>(resolve => inner.once('exit', status => resolve(status ?? 1)))
} finally {
  for (const pid of leftovers()) kill(pid)
  await network.down()
  if (code === 0 && !process.argv.includes('--keep')) rmSync(dir, { recursive: true, force: true })
  else process.stdout.write(`logs are kept in ${dir}\n`)
}
process.exit(code)
