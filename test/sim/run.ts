// Runs one seed: faults for a while, then calm until the pair is whole again, with every invariant looked at on the way.

import { ORIGINS, SHARDS } from '../../router/words.ts'
import { Broken } from './broken.ts'
import { strikeUntil } from './faults.ts'
import type { Life } from './life.ts'
import type { Scenario, Until } from './scenarios/script.ts'
import { Sim } from './sim.ts'
import { enter, realTurn, replaceTimers } from './timers.ts'

export type RunOptions = {
  readonly seed: number
  /** steps after which the run is given up */
  readonly stepsMax: number
  readonly hashed: boolean
  readonly aloud: boolean
}

export type Outcome = {
  readonly seed: number
  readonly steps: number
  readonly virtualMs: number
  readonly committed: number
  readonly answered: number
  /** of these, reads that a standby answered */
  readonly spared: number
  readonly epochs: number
  readonly gaveUp: number
  readonly digest: string
  readonly broken: Broken | null
  readonly story: readonly string[]
}

/** Faults end after this long (virtual). */
const FAULTS_MS = [3_000, 18_000] as const
/**
 * I10: whole again within this long after the last fault. A peer that was lost often must be stable for up to 64 times the
 * stable time before it is added, and a disk that was full is tried again after 15 s.
 */
const WHOLE_WITHIN_MS = 90_000
/** Longer than anything is late. */
const SETTLED_MS = 5_000
/** A scenario's own steps take less. */
const SCRIPT_MS_MAX = 120_000
/** Whole for so long: nothing is on its way any more that could break it. */
const QUIET_MS = 800
const STORY_LINES = 60

export async function runSeed(options: RunOptions, script: (sim: Sim) => void = randomly): Promise<Outcome> {
  const restore = replaceTimers()
  const sim = new Sim(options.seed)
  sim.world.story.hashed = options.hashed
  sim.world.story.aloud = options.aloud
  let broken: Broken | null = null
  try {
    script(sim)
    await play(sim, options.stepsMax)
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    broken = error
  } finally {
    restore()
  }
  const { world, checker, clients } = sim
  return {
    seed: options.seed,
    steps: world.steps,
    virtualMs: world.now,
    committed: checker.committedEntries,
    answered: clients.answered,
    spared: clients.spared,
    epochs: checker.newest?.record.epoch ?? 0,
    gaveUp: checker.gaveUp,
    digest: options.hashed ? world.story.digest() : '',
    broken,
    story: broken === null ? [] : world.story.last(STORY_LINES),
  }
}

/** A scenario, with clients, from a first boot on. */
export function byScript(scenario: Scenario): (sim: Sim) => void {
  return sim => {
    if (scenario.reads !== undefined) sim.reads = scenario.reads
    sim.startAll()
    sim.clients.begin(6, 2, 40)
    const script = scenario.script(sim)
    let until: Until = () => true
    sim.onStep = () => {
      while (until()) {
        if (scenario.fair === true && !sim.checker.fair && sim.checker.whyNotWhole() === null) sim.checker.beFair()
        const next = script.next()
        if (next.done) {
          sim.onStep = () => {}
          return scenario.needsAPerson === true ? stop(sim) : calmDown(sim)
        }
        until = next.value
      }
      if (sim.world.now > SCRIPT_MS_MAX)
        throw new Broken('I10', `the script waits for something that never comes:\n${describe(sim)}`)
    }
  }
}

function stop(sim: Sim): void {
  sim.clients.stopped = true
  sim.world.after(20_000, () => {
    sim.finished = true
    sim.mayDiffer = true
  })
}

function randomly(sim: Sim): void {
  const { random } = sim.world
  const until = random.between(...FAULTS_MS)
  sim.startAll()
  sim.clients.begin(random.int(1, 5), random.int(1, 4), random.between(20, 200))
  strikeUntil(sim, random.fork(), until)
  sim.world.after(until, () => calmDown(sim))
}

/** Ends all faults, and then sees to it that the pair becomes whole in time. */
export function calmDown(sim: Sim): void {
  sim.heal()
  const { world, checker, clients } = sim
  const deadline = world.now + WHOLE_WITHIN_MS
  let wholeSince: number | null = null
  let answeredBefore = clients.answered
  const look = (): void => {
    sim.sendHome()
    const why = checker.whyNotWhole()
    if (clients.stopped && clients.pending === 0 && why === null) {
      if (wholeSince !== null && world.now - wholeSince > QUIET_MS) {
        sim.finished = true
        return
      }
      wholeSince ??= world.now
      // What was late when the faults ended has arrived by then.
      if (world.now > deadline - WHOLE_WITHIN_MS + SETTLED_MS) checker.fair = true
    } else wholeSince = null
    // Clients go on until the pair serves them again.
    if (why === null && clients.answered > answeredBefore) clients.stopped = true
    if (why !== null) answeredBefore = clients.answered
    if (world.now > deadline)
      throw new Broken('I10', `not whole ${WHOLE_WITHIN_MS} ms after the last fault: ${why}\n${describe(sim)}`)
    world.after(50, look)
  }
  world.after(50, look)
}

/** What each origin knows, for a story that ends in a wait. */
function describe(sim: Sim): string {
  return ORIGINS.map(name => {
    const state = sim.hosts[name].running?.replicator.state
    if (state === undefined) return `  ${name} does not run`
    const { synced, unfit, leaving, identity, record, peer, proposal, adding, move, losses, blocked, shards } = state
    const senders = SHARDS.map(shard => {
      const { reign, last, committed, sender, closing, receiver } = shards[shard]
      return {
        shard,
        reign,
        last: last.index,
        committed,
        acked: sender.acked,
        phase: sender.phase,
        closing,
        waiting: receiver.waiting,
        applying: receiver.applying,
      }
    })
    const { incarnation } = state.settings
    return `  ${name} ${JSON.stringify({ incarnation, synced, unfit, leaving, identity, record, hello: peer?.hello, proposal, busy: state.proposer.busy, adding, move, losses, blocked, senders })}`
  }).join('\n')
}

/** One step a turn of the real event loop, so that all promises that follow from a step have run before the next. */
function play(sim: Sim, stepsMax: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { world, checker, hosts } = sim
  let last: Life | null = null
  const turn = (): void => {
    try {
      enter(null)
      if (last !== null) checker.afterStep(hosts[last.name])
      checker.noTwoServe()
      const failed = sim.failed ?? checker.failed
      if (failed !== null) throw failed
      sim.onStep()
      const next = sim.finished || world.steps >= stepsMax ? null : world.next()
      if (next === null) {
        if (sim.finished && !sim.mayDiffer) checker.equalCopies()
        checker.clientsAgree()
        return resolve()
      }
      last = next.owner
      enter(last)
      next.run()
      realTurn(turn)
    } catch (error) {
      reject(error)
    }
  }
  realTurn(turn)
  return promise
}
