// All that a run found, written as one JSON, one page, and its plots.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { ADDED_MICROS } from '../disk/slowdisk.ts'
import type { Finding, Verdict } from '../measure/finding.ts'
import type { Options } from '../options.ts'
import type { Found } from '../peers/found.ts'
import type { Result } from '../progress.ts'
import { markdownOf } from './markdown.ts'
import { plotsOf } from './plots.ts'

export type Report = {
  readonly rounds: number
  readonly seconds: number
  readonly disk: string
  readonly machine: {
    readonly cores: number
    readonly cpu: string
    readonly memoryGib: number
    readonly kernel: string
  }
  readonly versions: Readonly<Record<string, string>>
  readonly missing: Readonly<Record<string, string>>
  /** what was to be measured and could not be */
  readonly failures: readonly string[]
  /** false where more was to be measured */
  readonly finished: boolean
  /** the verdicts that have a goal, of all findings */
  readonly goals: readonly Verdict[]
  readonly findings: readonly Finding[]
}

const GIB = 1024 ** 3

export function reportOf(
  options: Options,
  found: Found,
  slowed: boolean,
  { findings, failures, finished }: Result,
): Report {
  const processors = cpus()
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return {
    rounds: options.rounds,
    seconds: options.seconds,
    disk: slowed ? `${ADDED_MICROS} µs added to every fsync` : 'as it is',
    machine: {
      cores: processors.length,
      cpu: processors[0]?.model ?? 'unknown',
      memoryGib: Math.round(totalmem() / GIB),
      kernel: `Linux ${release()}`,
    },
    versions: { tandem: String(version), node: process.version, ...found.versions },
    missing: found.missing,
    failures,
    finished,
    goals: findings.flatMap(({ verdicts }) => verdicts.filter(({ goal }) => goal !== null)),
    findings,
  }
}

/** A run on a slowed disk stands beside the other, it does not replace it. Returns what was written. */
export function writeReport(report: Report, dir: string, name: string): readonly string[] {
  mkdirSync(dir, { recursive: true })
  const written: string[] = []
  const put = (file: string, text: string): void => {
    writeFileSync(join(dir, file), text)
    written.push(join(dir, file))
  }
  const plots = new Map<Finding, string[]>()
  for (const finding of report.findings) {
    const files = plotsOf(finding).map(({ file, svg }) => {
      put(`${name}-${file}`, svg)
      return `${name}-${file}`
    })
    plots.set(finding, files)
  }
  put(`${name}.json`, `${JSON.stringify(report, null, 1)}\n`)
  put(`${name}.md`, markdownOf(report, plots))
  return written
}
