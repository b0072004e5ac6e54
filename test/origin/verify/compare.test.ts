// The comparison against two model copies of which one lags behind the other while writes go on.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareShard, DIFFERENCES_MAX } from '../../../origin/verify/compare.ts'
import type { Answer, Ask, Question } from '../../../origin/verify/copy.ts'

type Write = { readonly key: string; readonly value: string | null }

/** One log, and two copies that have applied some of it; `turn` is called before every question. */
class Pair {
  readonly #log: Write[] = []
  readonly here = new Map<string, string>()
  readonly there = new Map<string, string>()
  #atHere = 0
  #atThere = 0
  turn: (which: 'here' | 'there') => void = () => {}

  write(key: string, value: string | null): void {
    this.#log.push({ key, value: value === null ? null : `${value}@${this.#log.length}` })
    apply(this.here, this.#log[this.#atHere++])
  }

  /** The standby applies so many entries more. */
  follow(count: number): void {
    for (let n = 0; n < count && this.#atThere < this.#atHere; n++) apply(this.there, this.#log[this.#atThere++])
  }

  ask(which: 'here' | 'there'): Ask {
    return async question => {
      this.turn(which)
      const at = which === 'here' ? this.#atHere : this.#atThere
      return answered(this[which], at, question)
    }
  }

  compare(): ReturnType<typeof compareShard> {
    return compareShard('s0', { here: this.ask('here'), there: this.ask('there') }, () => {})
  }
}

function apply(rows: Map<string, string>, write: Write | undefined): void {
  if (write === undefined) return
  if (write.value === null) rows.delete(write.key)
  else rows.set(write.key, write.value)
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

function answered(rows: ReadonlyMap<string, string>, at: number, question: Question): Answer {
  if (question.kind === 'count') return { kind: 'count', at, documents: rows.size, records: 0 }
  // every row is a document
  const own = question.table === 'documents' ? rows : new Map<string, string>()
  if (question.kind === 'look')
    return { kind: 'look', at, hashes: question.keys.map(key => (own.has(key) ? hashOf(own.get(key) ?? '') : null)) }
  const { after, until, rowsMax } = question
  const found = [...own]
    .filter(([key]) => key > after && (until === null || key <= until))
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .slice(0, rowsMax)
  if (question.kind === 'list') return { kind: 'list', at, rows: found.map(([key, value]) => [key, hashOf(value)]) }
  const sha256 = createHash('sha256').update(JSON.stringify(found)).digest('hex')
  return {
    kind: 'sum',
    at,
    rows: found.length,
    sha256,
    end: found.length === rowsMax ? (found.at(-1)?.[0] ?? null) : null,
  }
}

const keysOf = (found: { readonly key: string }[] | readonly { readonly key: string }[]): string[] =>
  found.map(({ key }) => key).sort()

describe('compareShard', () => {
  test('finds nothing where the other copy only lags, and exactly what differs, whatever is written meanwhile', async () => {
    const key = fc.integer({ min: 0, max: 30 }).map(n => `k${n}`)
    const step = fc.record({ key, value: fc.option(fc.string({ maxLength: 3 }), { freq: 3 }), follows: fc.nat(3) })
    const rot = fc.uniqueArray(fc.integer({ min: 100, max: 110 }), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.array(step, { maxLength: 25 }),
        rot,
        async (before, during, rotten) => {
          const pair = new Pair()
          for (let n = 100; n <= 110; n++) pair.write(`k${n}`, 'still')
          for (const one of before) {
            pair.write(one.key, one.value)
            pair.follow(one.follows)
          }
          pair.follow(Number.POSITIVE_INFINITY)
          for (const n of rotten) pair.there.set(`k${n}`, 'rot')
          const left = [...during]
          pair.turn = () => {
            const next = left.shift()
            if (next !== undefined) pair.write(next.key, next.value)
            pair.follow(next?.follows ?? 100)
          }
          const verdict = await pair.compare()
          expect(keysOf(verdict.differing)).toEqual(rotten.map(n => `k${n}`).sort())
          expect(verdict.unsure.every(key => during.some(one => one.key === key))).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('rows that are missing or too many on either side are named, with what each copy holds', async () => {
    const pair = new Pair()
    for (const key of ['a', 'b', 'c']) pair.write(key, key)
    pair.follow(3)
    pair.there.delete('a')
    pair.there.set('d', 'more')
    const { differing, rows } = await pair.compare()
    expect(rows).toBe(3)
    expect(differing).toEqual([
      { table: 'documents', key: 'a', here: hashOf('a@0'), there: null },
      { table: 'documents', key: 'd', here: null, there: hashOf('more') },
    ])
  })

  test('many rows are compared in ranges; the list of names is bounded and says so', async () => {
    const pair = new Pair()
    for (let n = 0; n < 45_000; n++) pair.write(`k${String(n).padStart(6, '0')}`, 'v')
    pair.follow(45_000)
    expect(await pair.compare()).toMatchObject({ rows: 45_000, differing: [], more: false })
    pair.there.set('k030000', 'rot')
    expect(keysOf((await pair.compare()).differing)).toEqual(['k030000'])
    for (let n = 0; n < 2000; n++) pair.there.set(`k${String(n * 7).padStart(6, '0')}`, 'rot')
    const many = await pair.compare()
    expect([many.differing.length, many.more]).toEqual([DIFFERENCES_MAX, true])
  })

  test('a key that comes and goes so that each look here misses it is no difference; one that stays there is', async () => {
    const pair = new Pair()
    pair.write('still', 'x')
    pair.follow(1)
    pair.there.set('more', 'rot')
    pair.turn = which => {
      pair.write('restless', which === 'here' ? null : 'there')
      pair.follow(1000)
    }
    const { differing, unsure } = await pair.compare()
    expect([keysOf(differing), unsure]).toEqual([['more'], ['restless']])
  })

  test('a key that changes at every look is no difference: it is told as unsure', async () => {
    const pair = new Pair()
    pair.write('hot', '0')
    pair.follow(1)
    pair.there.set('hot', 'rot')
    let n = 0
    pair.turn = () => {
      pair.write('hot', String(n++))
      pair.follow(1000)
      pair.there.set('hot', 'rot')
    }
    expect(await pair.compare()).toMatchObject({ differing: [], unsure: ['hot'] })
  })
})
