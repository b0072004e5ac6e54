// The report as a page of tables.
import { type Finding, FOREIGN_MAX, noiseOf, percent, type Row, SPREAD_MAX, type Verdict } from '../measure/finding.ts'
import { short } from './numbers.ts'
import type { Report } from './report.ts'

export function markdownOf(report: Report, plots: ReadonlyMap<Finding, readonly string[]>): string {
  return [
    '# How fast',
    '',
    `Made by \`npm run bench\`: ${report.rounds} rounds of ${report.seconds} s, every contender in turn. Figures are medians; ± is the distance`,
    `between the lowest and the highest round. Nothing is concluded where rounds lie more than ${percent(SPREAD_MAX)} apart or others`,
    `used more than ${percent(FOREIGN_MAX)} of the machine. The peers' configurations are in \`bench/peers/\`.`,
    '',
    ...machine(report),
    '',
    ...(report.goals.length === 0 ? [] : ['## Goals', '', ...goals(report.goals), '']),
    ...report.findings.flatMap(finding => [...section(finding, plots.get(finding) ?? []), '']),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function machine({ machine: m, versions, missing, disk }: Report): string[] {
  return [
    `- Machine: ${m.cores} cores, ${m.memoryGib} GiB, ${m.cpu}, ${m.kernel}`,
    `- Disk: ${disk}`,
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} (${version})`)
      .join('; ')}`,
    ...Object.entries(missing).map(([name, why]) => `- Skipped: ${name} (${why})`),
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const OUTCOMES: Readonly<Record<Verdict['outcome'], string>> = {
  met: 'met',
  missed: '**missed**',
  noisy: 'too noisy to conclude',
  none: '',
}

function goals(verdicts: readonly Verdict[]): string[] {
  return table(
    ['measure', 'goal', 'measured', ''],
    verdicts.map(({ what, at, value, unit, goal, outcome }) => [
      at === null ? what : `${what}, at ${at}`,
      goal === null ? '' : `${goal.kind === 'atLeast' ? '≥' : '≤'} ${goal.value} ${unit}`,
      `${short(value.median)} ${unit} ± ${percent(value.spread)}`,
      OUTCOMES[outcome],
    ]),
  )
}

function section(finding: Finding, plots: readonly string[]): string[] {
  const { title, axis, rows, verdicts, figures, notes } = finding
  const free = verdicts.filter(({ goal }) => goal === null)
  return [
    `## ${title}`,
    '',
    ...(rows.length === 0
      ? []
      : [
          ...table(
            headOf(axis),
            rows.map(row => cells(axis, row)),
          ),
          '',
        ]),
    ...(free.length === 0 ? [] : [...goals(free).map(line => line), '']),
    ...(figures.length === 0
      ? []
      : [
          ...table(
            ['', ''],
            figures.map(({ name, value, unit }) => [name, `${short(value)} ${unit}`]),
          ),
          '',
        ]),
    ...plots.flatMap(file => [`![${title}](${file})`, '']),
    ...notes.map(note => `${note}\n`),
  ]
}

const headOf = (axis: string | null): string[] => [
  ...(axis === null ? [] : [axis]),
  '',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'CPU ms for 1000',
  'load CPU ms for 1000',
  'failed',
  'quiet',
]

function cells(axis: string | null, row: Row): string[] {
  const { contender, at, perSecond, p50Ms, p99Ms, cpuMs, loadCpuMs, failures } = row
  return [
    ...(axis === null ? [] : [String(at)]),
    contender,
    `${short(perSecond.median)} ± ${percent(perSecond.spread)}`,
    short(p50Ms.median),
    short(p99Ms.median),
    short(cpuMs.median),
    short(loadCpuMs.median),
    String(failures),
    noiseOf([row], perSecond.spread) ?? 'yes',
  ]
}
