// The guards of the protocol, each with a patch that takes it away: without any one of them some run must fail.
import { readFileSync } from 'node:fs'
import { ANSWERS_GUARDS } from './guards/answers.ts'
import { COPIES_GUARDS } from './guards/copies.ts'
import type { Guard } from './guards/guard.ts'
import { LEASES_GUARDS } from './guards/leases.ts'
import { MEMBERS_GUARDS } from './guards/members.ts'
import { PEOPLE_GUARDS } from './guards/people.ts'
import { READS_GUARDS } from './guards/reads.ts'
import { REGISTERS_GUARDS } from './guards/registers.ts'

export const GUARDS: readonly Guard[] = [
  ...LEASES_GUARDS,
  ...MEMBERS_GUARDS,
  ...REGISTERS_GUARDS,
  ...COPIES_GUARDS,
  ...ANSWERS_GUARDS,
  ...PEOPLE_GUARDS,
  ...READS_GUARDS,
]

const ROOT = new URL('../../', import.meta.url)

/** The patched text of each file that these guards are in. Throws where a patch does not match exactly once: the code has moved on. */
export function withoutGuards(guards: readonly Guard[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { name, file, from, to } of guards.flatMap(guard => [
    guard,
    ...(guard.also ?? []).map(patch => ({ ...patch, name: guard.name })),
  ])) {
    const url = new URL(file, ROOT)
    const parts = (texts.get(url.href) ?? readFileSync(url, 'utf8')).split(from)
    if (parts.length !== 2) throw new Error(`${name}: its text is ${parts.length - 1} times in ${file}`)
    texts.set(url.href, parts.join(to))
  }
  return texts
}

/** By their names, with commas between them. Throws where there is no such guard. */
export function guardsOf(names: string): readonly Guard[] {
  return names.split(',').map(name => {
    const guard = GUARDS.find(each => each.name === name)
    if (guard === undefined) throw new Error(`no such guard; there are ${GUARDS.map(each => each.name).join(' ')}`)
    return guard
  })
}
