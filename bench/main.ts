// npm run bench: Tandem beside what else this machine has, every comparison in one run, turn by turn.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coldStart } from './compare/coldstart.ts'
import { compaction } from './compare/compaction.ts'
import { forwarding } from './compare/forwarding.ts'
import { growth } from './compare/growth.ts'
import { lone } from './compare/lone.ts'
import { memory } from './compare/memory.ts'
import { reads } from './compare/reads.ts'
import { rejoin } from './compare/rejoin.ts'
import { writes } from './compare/writes.ts'
import { isSlowed, runSlowed } from './disk/slowdisk.ts'
import { optionsFrom, USAGE, UsageError } from './options.ts'
import { type Bench, type Part, PEER_PORTS } from './part.ts'
import { findPeers, type ProgramName } from './peers/found.ts'
import { Progress } from './progress.ts'
import { reportOf, writeReport } from './report/report.ts'
import { stopAll } from './running.ts'

const PARTS: readonly Part[] = [reads, forwarding, writes, lone, memory, coldStart, rejoin, compaction, growth]
/** They take long and compare with nobody: only when they are asked for. */
const ON_DEMAND: readonly Part[] = [compaction, growth]
const EXIT_USAGE = 64
const EXIT_INTERRUPTED = 130

const tell = (line: string): void => void process.stdout.write(`${line}\n`)

/** Its exit code: 0 where everything that was asked for was measured. Goals that are missed are no failure of the run. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    tell(USAGE.replace('PARTS', PARTS.map(({ name }) => name).join(', ')))
    return 0
  }
  const options = optionsFrom(
    args,
    PARTS.map(({ name }) => name),
  )
  const parts = PARTS.filter(part =>
    options.only.length === 0 ? !ON_DEMAND.includes(part) : options.only.includes(part.name),
  )
  const slow = options.slowDisk && !isSlowed()
  const wanted: ProgramName[] = [...parts.flatMap(({ programs }) => programs), ...(slow ? ['gcc' as const] : [])]
  const found = findPeers([...new Set(wanted)], options.install, tell)
  for (const [name, why] of Object.entries(found.missing)) tell(`without ${name}: ${why}`)
  if (slow) {
    if (found.programs.gcc === undefined) throw new UsageError('--slow-disk needs gcc')
    return runSlowed(found.programs.gcc, fileURLToPath(import.meta.url), args)
  }
  const home = mkdtempSync(join(tmpdir(), 'tandem-bench-'))
  // PostgreSQL's own user must reach its directory below
  chmodSync(home, 0o711)
  const slowed = isSlowed()
  let written: readonly string[] = []
  const progress = new Progress(now => {
    written = writeReport(reportOf(options, found, slowed, now), options.out, slowed ? 'slow-disk' : 'bench')
  }, tell)
  const bench: Bench = { options, home, found, tell, progress, port: n => options.portBase + PEER_PORTS + n }
  const remove = (): void => rmSync(home, { recursive: true, force: true })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupted(remove))
  try {
    await runParts(bench, parts)
  } finally {
    remove()
  }
  tellVerdicts(progress)
  tell(`\nwritten: ${written.join(', ')}`)
  return progress.result.failures.length === 0 ? 0 : 1
}

async function interrupted(remove: () => void): Promise<never> {
  tell('interrupted: stopping all that was started')
  await stopAll()
  remove()
  process.exit(EXIT_INTERRUPTED)
}

async function runParts(bench: Bench, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    const absent = part.programs.slice(0, 1).filter(name => bench.found.programs[name] === undefined)
    if (absent.length > 0) {
      bench.tell(`skipped ${part.name}: it needs ${absent.join(', ')}`)
      continue
    }
    bench.tell(`\n${part.name}`)
    await bench.progress.attempt(part.name, () => part.run(bench))
  }
  bench.progress.finish()
}

function tellVerdicts({ result: { findings } }: Progress): void {
  for (const { what, at, value, unit, outcome } of findings.flatMap(({ verdicts }) => verdicts)) {
    const where = at === null ? '' : `, at ${at}`
    tell(`${outcome === 'none' ? '' : `${outcome}: `}${what}${where}: ${value.median.toFixed(2)} ${unit}`)
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`tandem: ${error.message}\n`)
  process.exitCode = EXIT_USAGE
}
