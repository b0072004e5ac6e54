// The rules of the tree, checked over every source file: who may import whom, one door for each dependency, small
// rooms, no names that say nothing, nothing left to do.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = new URL('..', import.meta.url).pathname
const FOLDERS = ['client', 'router', 'origin', 'replicator', 'deploy', 'bench', 'test'] as const
type Folder = (typeof FOLDERS)[number]

/** Lines of a source file outside test: what is longer holds two ideas. */
const LINES_MAX = 350
/** The router's pure words: all that the replicator may know of it. */
const ROUTER_WORDS = ['router/words.ts', 'router/view.ts', 'router/hash.ts']
const ONE_DOOR = ['ioredis', 'bullmq', 'node:sqlite', 'undici'] as const
const EMPTY_NAMES = /^(index|utils?|helpers?|types)\.(ts|mts|mjs|js)$/
const UNDONE = new RegExp(`\\b(${['TO', 'FIX'].map((start, at) => start + ['DO', 'ME'][at]).join('|')})\\b`)

type Import = { readonly line: number; readonly from: string }
type Source = {
  readonly path: string
  readonly folder: Folder
  readonly lines: readonly string[]
  readonly imports: readonly Import[]
}

const IMPORT = /(?:^|[\s;}*{])(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g

function importsOf(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(match => ({
    line: text.slice(0, match.index + match[0].length).split('\n').length,
    from: match[2] ?? '',
  }))
}

function sourcesIn(folder: Folder): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => /\.(ts|mts|mjs|js)$/.test(path) && !path.split('/').includes('node_modules'))
    .map(path => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8')
      return { path: join(folder, path), folder, lines: text.split('\n'), imports: importsOf(text) }
    })
}

const sources = FOLDERS.flatMap(sourcesIn)
const at = (source: Source, line: number): string => `${source.path}:${line}`

/** The path from the root of what a relative import names; null of a package or a built-in module. */
const targetOf = (source: Source, { from }: Import): string | null =>
  from.startsWith('.') ? normalize(join(dirname(source.path), from)) : null

const isBuiltin = ({ from }: Import): boolean => from.startsWith('node:') || builtinModules.includes(from)

/** The imports of a folder's files that break a rule, as path:line imports what. */
function offences(folder: Folder, isOffence: (source: Source, imported: Import) => boolean): string[] {
  return sources
    .filter(source => source.folder === folder)
    .flatMap(source =>
      source.imports
        .filter(imported => isOffence(source, imported))
        .map(imported => `${at(source, imported.line)} imports ${imported.from}`),
    )
}

/** Whether a relative import leaves the folders and files that are allowed. */
const leaves = (source: Source, imported: Import, allowed: readonly string[]): boolean => {
  const target = targetOf(source, imported)
  return target !== null && !allowed.some(start => target === start || target.startsWith(`${start}/`))
}

describe('architecture', () => {
  it('is read from all folders', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap(source => source.imports).length).toBeGreaterThan(sources.length)
  })

  it('finds imports of every form', () => {
    const text = `import a from 'one'\nimport {\n  b,\n} from "two"\nexport * from 'three'\nimport 'four'\nconst c = await import('five')`
    const found = importsOf(text).map(({ line, from }) => `${line} ${from}`)
    expect(found).toEqual(['1 one', '4 two', '5 three', '6 four', '7 five'])
  })

  it('router imports no other folder', () => {
    expect(offences('router', (source, imported) => leaves(source, imported, ['router']))).toEqual([])
  })

  it('router imports Node in *.node.ts only, and nothing else of it imports those', () => {
    const pure = (source: Source): boolean => !source.path.endsWith('.node.ts')
    const broken = offences(
      'router',
      (source, imported) => pure(source) && (isBuiltin(imported) || imported.from.endsWith('.node.ts')),
    )
    expect(broken).toEqual([])
  })

  it('router imports no package outside *.node.ts but hono, which runs everywhere', () => {
    const isPackage = (imported: Import): boolean => !/^(\.|hono($|\/))/.test(imported.from) && !isBuiltin(imported)
    const broken = offences('router', (source, imported) => !source.path.endsWith('.node.ts') && isPackage(imported))
    expect(broken).toEqual([])
  })

  it("replicator imports itself and the router's pure words only", () => {
    const broken = offences('replicator', (source, imported) =>
      leaves(source, imported, ['replicator', ...ROUTER_WORDS]),
    )
    expect(broken).toEqual([])
  })

  it('origin imports itself, replicator and router only', () => {
    expect(
      offences('origin', (source, imported) => leaves(source, imported, ['origin', 'replicator', 'router'])),
    ).toEqual([])
  })

  it("client runs everywhere: it imports itself, the router's problems, and types", () => {
    const erased = (source: Source, { line }: Import): boolean =>
      /^import type /.test(source.lines.slice(0, line).findLast(text => text.startsWith('import')) ?? '')
    const broken = offences(
      'client',
      (source, imported) =>
        !imported.from.startsWith('.') ||
        (leaves(source, imported, ['client', 'router/problem.ts']) && !erased(source, imported)),
    )
    expect(broken).toEqual([])
  })

  it("client's types are those of the API and of the router's problems", () => {
    const broken = offences('client', (source, imported) =>
      leaves(source, imported, ['client', 'origin/api/bodies.ts', 'router/problem.ts']),
    )
    expect(broken).toEqual([])
  })

  it('deploy imports itself, origin, replicator and router only', () => {
    const allowed = ['deploy', 'origin', 'replicator', 'router', 'package.json']
    expect(offences('deploy', (source, imported) => leaves(source, imported, allowed))).toEqual([])
  })

  it('bench imports itself, deploy and router only, and is imported by test alone', () => {
    // an origin with other bounds of its store is an origin all the same
    const allowed = (source: Source): readonly string[] =>
      source.path === 'bench/origin/bounded.ts' ? ['origin'] : ['bench', 'deploy', 'router']
    expect(offences('bench', (source, imported) => leaves(source, imported, allowed(source)))).toEqual([])
    const users = sources.filter(source => source.folder !== 'bench' && source.folder !== 'test')
    const broken = users.filter(source => source.imports.some(one => targetOf(source, one)?.startsWith('bench/')))
    expect(broken.map(source => source.path)).toEqual([])
  })

  it("an origin alone answers in a primary's place: the edge has no copy to answer from", () => {
    const spares = sources.filter(
      ({ folder, lines }) => folder !== 'test' && lines.some(line => /\bspare\b/.test(line)),
    )
    expect(spares.map(source => source.path).toSorted()).toEqual(['origin/origin.ts', 'router/route.ts'])
  })

  it.each(ONE_DOOR)('%s has one door', dependency => {
    const doors = sources
      .filter(source => source.folder !== 'test')
      .filter(source => source.imports.some(({ from }) => from === dependency || from.startsWith(`${dependency}/`)))
      .map(source => source.path)
    expect(doors.length, `imported by ${doors.join(', ')}`).toBeLessThanOrEqual(1)
  })

  it('relative imports name their file with its ending', () => {
    const endless = (_: Source, { from }: Import): boolean =>
      from.startsWith('.') && !/\.(ts|mts|mjs|js|json)$/.test(from)
    expect(FOLDERS.flatMap(folder => offences(folder, endless))).toEqual([])
  })

  it('no file has a name that says nothing', () => {
    const empty = sources.map(source => source.path).filter(path => EMPTY_NAMES.test(path.split('/').at(-1) ?? ''))
    expect(empty).toEqual([])
  })

  it(`no file outside test has more than ${LINES_MAX} lines`, () => {
    const long = sources.filter(source => source.folder !== 'test' && source.lines.length - 1 > LINES_MAX)
    expect(long.map(source => `${source.path} has ${source.lines.length - 1}`)).toEqual([])
  })

  it('every file outside test begins by saying what lives there', () => {
    const headed = (source: Source): boolean =>
      /^(\/\/|\/\*)/.test(source.lines.find(line => !line.startsWith('#!')) ?? '')
    const headless = sources.filter(source => source.folder !== 'test' && !headed(source))
    expect(headless.map(source => source.path)).toEqual([])
  })

  it('nothing is left to do', () => {
    const undone = sources.flatMap(source =>
      source.lines.flatMap((line, index) => (UNDONE.test(line) ? [`${at(source, index + 1)} ${line.trim()}`] : [])),
    )
    expect(undone).toEqual([])
  })
})
