// The report as a page of tables.
import {
  type Course,
  type Finding,
  FOREIGN_MAX,
  noiseOf,
  type Outcome,
  percent,
  ROUNDS_TO_CONCLUDE,
  type Row,
  SPREAD_MAX,
  type Verdict,
} from '../measure/finding.ts'
import { mean, type Summary } from '../measure/stats.ts'
import { short } from './numbers.ts'
import type { Report } from './report.ts'

export function markdownOf(report: Report, plots: ReadonlyMap<Finding, readonly string[]>): string {
  return [
    '# How fast',
    '',
    `Made by \`npm run bench\`: ${report.rounds} rounds of ${report.seconds} s, every contender in turn. Figures are medians, with the lowest`,
    'and the highest round in brackets. Contenders are compared round by round: a goal is met where every round meets it and missed',
    `where none does, of ${ROUNDS_TO_CONCLUDE} rounds at least or of fewer within ${percent(SPREAD_MAX)}; else, or where others used more than ${percent(FOREIGN_MAX)} of the machine,`,
    "nothing is concluded. The peers' configurations are in `bench/peers/`.",
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

function machine({ machine: m, versions, missing, failures, finished, disk }: Report): string[] {
  return [
    `- Machine: ${m.cores} cores, ${m.memoryGib} GiB, ${m.cpu}, ${m.kernel}`,
    `- Disk: ${disk}`,
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} (${version})`)
      .join('; ')}`,
    ...Object.entries(missing).map(([name, why]) => `- Skipped: ${name} (${why})`),
    ...failures.map(failure => `- Failed: ${failure}`),
    ...(finished ? [] : ['- Unfinished: more was to be measured']),
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  met: 'met',
  missed: '**missed**',
  noisy: 'too close or too noisy to conclude',
  none: '',
}

const withRange = ({ median, lowest, highest }: Summary): string =>
  `${short(median)} (${short(lowest)}..${short(highest)})`

function goals(verdicts: readonly Verdict[]): string[] {
  return table(
    ['measure', 'goal', 'measured', ''],
    verdicts.map(({ what, at, value, unit, goal, outcome }) => [
      at === null ? what : `${what}, at ${at}`,
      goal === null ? '' : `${goal.kind === 'atLeast' ? '≥' : '≤'} ${goal.value} ${unit}`,
      `${withRange(value)} ${unit}`,
      OUTCOMES[outcome],
    ]),
  )
}

function section(finding: Finding, plots: readonly string[]): string[] {
  const { title, axis, rows, verdicts, figures, courses, notes } = finding
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
    ...(courses.length === 0 ? [] : [...courseTable(courses), '']),
    ...plots.flatMap(file => [`![${title}](${file})`, '']),
    ...notes.map(note => `${note}\n`),
  ]
}

/** Lines of the table of a course: each stands for as many moments as it takes. */
const COURSE_LINES = 12

/** All courses of a finding have the same moments. */
function courseTable(courses: readonly Course[]): string[] {
  const columns = courses.flatMap(({ title, unit, told, lines }) =>
    lines.map(({ name, values }) => ({ head: `${title}: ${name}, ${unit}`, told, values })),
  )
  const minutes = courses[0]?.minutes ?? []
  const step = Math.max(1, Math.ceil(minutes.length / COURSE_LINES))
  const starts = Array.from({ length: Math.ceil(minutes.length / step) }, (_, at) => at * step)
  return table(
    ['until minute', ...columns.map(({ head }) => head)],
    starts.map(start => {
      const minute = minutes.slice(start, start + step).at(-1) ?? 0
      const cell = ({ told, values }: (typeof columns)[number]): string => {
        const part = values.slice(start, start + step)
        return short(told === 'mean' ? mean(part) : Math.max(...part))
      }
      return [minute.toFixed(1), ...columns.map(cell)]
    }),
  )
}

const headOf = (axis: string | null): string[] => [
  ...(axis === null ? [] : [axis]),
  '',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'longest ms',
  'CPU ms for 1000',
  'load CPU ms for 1000',
  'failed',
  'quiet',
]

function cells(axis: string | null, row: Row): string[] {
  const { contender, at, perSecond, p50Ms, p99Ms, p999Ms, longestMs, cpuMs, loadCpuMs, failures } = row
  return [
    ...(axis === null ? [] : [String(at)]),
    contender,
    withRange(perSecond),
    short(p50Ms.median),
    short(p99Ms.median),
    short(p999Ms.median),
    short(longestMs.highest),
    short(cpuMs.median),
    short(loadCpuMs.median),
    String(failures),
    noiseOf(row) ?? 'yes',
  ]
}
