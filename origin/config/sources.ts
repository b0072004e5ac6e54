// Where settings come from: the environment, then one TOML file with the same names; secrets also from files of their own.
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { FIELD_NAMES, OTHER_NAMES, SECRET_NAMES } from './fields.ts'
import { nearest } from './nearest.ts'

export type Fault = { readonly name: string; readonly value: string; readonly allowed: string }

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
export type ReadFile = (path: string) => FileText

export type Environment = Readonly<Record<string, string | undefined>>
export type Settings = { readonly values: Readonly<Record<string, string>>; readonly faults: readonly Fault[] }

export const CONFIG_FILE = './tandem.toml'
const PREFIX = 'TANDEM_'
const FILE_SUFFIX = '_FILE'
const SECRET_FILE_NAMES = SECRET_NAMES.map(name => name + FILE_SUFFIX)
const SETTABLE = [...FIELD_NAMES, ...SECRET_FILE_NAMES]

/** All values by name, the environment winning; what is empty counts as not set. */
export function gather(env: Environment, readFile: ReadFile): Settings {
  const faults: Fault[] = []
  const fromEnv = environment(env, faults)
  const fromFile = configFile(env.TANDEM_CONFIG ?? '', readFile, faults)
  const values = { ...withSecrets(fromFile, readFile, faults), ...withSecrets(fromEnv, readFile, faults) }
  return { values, faults }
}

type Texts = Record<string, string>

function environment(env: Environment, faults: Fault[]): Texts {
  const texts: Texts = {}
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || OTHER_NAMES.includes(name)) continue
    if (!SETTABLE.includes(name)) faults.push(unknownName(name, [...SETTABLE, ...OTHER_NAMES]))
    else if (text !== undefined && text !== '') texts[name] = text
  }
  return texts
}

/** A value of an unknown name is not shown: it may be a secret under a misspelt name. */
const unknownName = (name: string, known: readonly string[]): Fault => ({
  name,
  value: '(hidden)',
  allowed: `no setting has this name; did you mean ${nearest(name, known)}?`,
})

function configFile(named: string, readFile: ReadFile, faults: Fault[]): Texts {
  const path = named === '' ? CONFIG_FILE : named
  const file = readFile(path)
  const fault = (allowed: string): Texts => {
    faults.push({ name: 'TANDEM_CONFIG', value: path, allowed })
    return {}
  }
  if (file.kind === 'absent') return named === '' ? {} : fault('the path of a file that exists')
  if (file.kind === 'unreadable') return fault(`a file that can be read (${file.why})`)
  const table = parseToml(file.text)
  return typeof table === 'string' ? fault(`a valid TOML file (${table})`) : tableTexts(table, faults)
}

/** The table, or why there is none. */
function parseToml(text: string): Readonly<Record<string, unknown>> | string {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // Its message quotes the line, which may be the secret's.
    return `line ${error.line}, column ${error.column} is not TOML`
  }
}

const scalar = z.union([z.string(), z.number().transform(String), z.bigint().transform(String)])
const fileValue = z.union([scalar, z.array(scalar).transform(parts => parts.join(','))])

function tableTexts(table: Readonly<Record<string, unknown>>, faults: Fault[]): Texts {
  const texts: Texts = {}
  for (const [name, value] of Object.entries(table)) {
    const parsed = fileValue.safeParse(value)
    if (!SETTABLE.includes(name)) faults.push(unknownName(name, SETTABLE))
    else if (!parsed.success)
      faults.push({ name, value: '(hidden)', allowed: 'a string, a number, or an array of them' })
    else if (parsed.data !== '') texts[name] = parsed.data
  }
  return texts
}

/** Replaces NAME_FILE by NAME with the content of that file, without line ends after it. */
function withSecrets(texts: Texts, readFile: ReadFile, faults: Fault[]): Texts {
  const resolved: Texts = {}
  for (const [name, text] of Object.entries(texts)) {
    if (!SECRET_FILE_NAMES.includes(name)) {
      resolved[name] = text
      continue
    }
    const secret = name.slice(0, -FILE_SUFFIX.length)
    const file = readFile(text)
    if (texts[secret] !== undefined) faults.push({ name, value: text, allowed: `not set where ${secret} is set` })
    else if (file.kind === 'text') resolved[secret] = file.text.replace(/[\r\n]+$/, '')
    else
      faults.push({
        name,
        value: text,
        allowed: `a file that can be read (${file.kind === 'absent' ? 'absent' : file.why})`,
      })
  }
  return resolved
}
