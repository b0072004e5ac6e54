// The plan of a soak is a function of its seed, and it is fair: what it breaks it mends, and it never takes two disks.
import { describe, expect, test } from 'vitest'
import { type Act, describeAct, FAULT_MS_MAX, planOf, ROUND_MS, type Step } from '../../test/soak/schedule.ts'

const rounds = Array.from({ length: 20 }, (_, seed) => {
  const plan = planOf(seed + 1)
  return Array.from({ length: 10 }, (_, number) => plan.round(number + 1))
}).flat()

const of = (steps: readonly Step[], process: string): readonly Act['kind'][] =>
  steps.flatMap(({ act }) => ('process' in act && act.process === process ? [act.kind] : []))

describe('a plan', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(planOf(7).round(3)).toEqual(planOf(7).round(3))
    expect(planOf(8).round(3)).not.toEqual(planOf(7).round(3))
    expect(planOf(7).round(4)).not.toEqual(planOf(7).round(3))
  })

  test('has every kind of fault, on every process', () => {
    const done = new Set(rounds.flatMap(({ steps }) => steps.map(({ act }) => describeAct(act))))
    for (const process of ['origin.a', 'origin.b'])
      for (const kind of ['kill', 'start', 'pause', 'resume', 'stop', 'wipe'])
        expect(done).toContain(`${kind} ${process}`)
    for (const host of ['a', 'b', 'w']) {
      for (const part of ['redis', 'register', 'sentinel']) expect(done).toContain(`kill ${part}.${host}`)
      expect(done).toContain(`wipe register.${host}`)
    }
    for (const what of ['cut the link', 'heal the link', 'handover s0', 'drain b', 'ready b'])
      expect(done).toContain(what)
  })

  test('undoes what it does, in order and in time', () => {
    for (const { steps } of rounds) {
      expect(steps.map(step => step.at)).toEqual(steps.map(step => step.at).toSorted((x, y) => x - y))
      expect(steps.at(-1)?.at ?? 0).toBeLessThanOrEqual(ROUND_MS + FAULT_MS_MAX)
      for (const process of new Set(steps.flatMap(({ act }) => ('process' in act ? [act.process] : [])))) {
        const kinds = of(steps, process).filter(kind => kind !== 'wipe')
        for (const [at, kind] of kinds.entries())
          expect(kind).toBe(at % 2 === 1 ? (kinds[at - 1] === 'pause' ? 'resume' : 'start') : kind)
        expect(kinds.length % 2).toBe(0)
      }
    }
  })

  test('takes one disk at most in a round, and with a register nothing from the others', () => {
    for (const { steps } of rounds) {
      const wiped = steps.flatMap(({ act }) => (act.kind === 'wipe' ? [act.process] : []))
      expect(wiped.length).toBeLessThanOrEqual(1)
      if (wiped[0]?.startsWith('register.') !== true) continue
      const touched = steps.flatMap(({ act }) =>
        'process' in act && act.process.startsWith('register.') ? [act.process] : [],
      )
      expect(new Set(touched)).toEqual(new Set(wiped))
    }
  })
})
