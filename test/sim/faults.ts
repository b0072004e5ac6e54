// What goes wrong, at random: each fault ends by itself after a while, and all end when the time of faults is over.
import { ACCEPTORS } from '../../replicator/register/acceptor.ts'
import { ORIGINS, type OriginName, peerOf, SHARDS } from '../../router/words.ts'
import type { Disk } from './disk.ts'
import { HOSTS, type Host } from './network.ts'
import type { Random } from './random.ts'
import type { Sim } from './sim.ts'

type Fault = { readonly weight: number; readonly strike: (sim: Sim, random: Random) => void }

/** A member may be lost with its disk only when the other holds everything and nothing is being decided. */
const QUIET_MS = 3500

const FAULTS: Readonly<Record<string, Fault>> = {
  kill: {
    weight: 10,
    strike: (sim, random) => {
      const host = sim.hosts[random.pick(ORIGINS)]
      const { running } = host
      if (running !== null && random.chance(0.7)) running.life.doom = { calls: random.int(1, 60), pauseMs: null }
      else host.kill('killed')
      sim.world.after(random.between(50, random.chance(0.5) ? 800 : 4000), () => sim.restart(host.name))
    },
  },
  killBoth: {
    weight: 2,
    strike: (sim, random) => {
      for (const name of ORIGINS) {
        sim.hosts[name].kill('killed with the other')
        sim.world.after(random.between(50, 3000), () => sim.restart(name))
      }
    },
  },
  hostLoss: {
    weight: 3,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      sim.hosts[name].kill('its host lost power')
      sim.registers.down.add(name)
      const ms = random.between(100, 4000)
      sim.queues.sentinels.stop(name, ms)
      sim.world.after(ms, () => sim.registers.down.delete(name))
      sim.world.after(ms + random.between(0, 500), () => sim.restart(name))
    },
  },
  pause: {
    weight: 8,
    strike: (sim, random) => {
      const { running } = sim.hosts[random.pick(ORIGINS)]
      if (running === null) return
      const ms = random.chance(0.5) ? random.between(20, 1500) : random.between(1000, 5000)
      if (random.chance(0.6)) running.life.doom = { calls: random.int(1, 60), pauseMs: ms }
      else running.life.pause(ms)
    },
  },
  leave: {
    weight: 3,
    strike: (sim, random) => sim.leave(random.pick(ORIGINS), random.between(100, 2000), random.pick([0, 300, 3000])),
  },
  cut: {
    weight: 8,
    strike: (sim, random) => {
      const from = random.pick(HOSTS)
      const to = random.pick(HOSTS.filter(host => host !== from))
      const ways: [Host, Host][] = [[from, to]]
      if (random.chance(0.5)) ways.push([to, from])
      sim.cutFor(ways, random.between(50, 4000))
    },
  },
  isolate: {
    weight: 6,
    strike: (sim, random) => {
      const alone = random.pick(HOSTS)
      const others = HOSTS.filter(host => host !== alone)
      sim.cutFor(
        others.flatMap((other): [Host, Host][] => [
          [alone, other],
          [other, alone],
        ]),
        random.between(100, 5000),
      )
    },
  },
  outsideCut: {
    weight: 3,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      sim.network.outside.add(name)
      sim.world.story.tell('network', () => `no client reaches ${name}`)
      sim.world.after(random.between(50, 4000), () => sim.network.outside.delete(name))
    },
  },
  registersShut: {
    weight: 3,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      sim.network.unregistered.add(name)
      sim.world.story.tell('network', () => `${name} reaches no register`)
      sim.world.after(random.between(50, 5000), () => sim.network.unregistered.delete(name))
    },
  },
  dropSession: { weight: 5, strike: sim => sim.links.end('the session broke') },
  slowNetwork: {
    weight: 3,
    strike: (sim, random) => {
      sim.network.slowness = random.between(0.02, 0.5)
      sim.network.lateMs = random.pick([100, 400, 2000])
      sim.world.after(random.between(200, 4000), () => {
        sim.network.slowness = 0
      })
    },
  },
  queue: {
    weight: 6,
    strike: (sim, random) => {
      sim.queues.mode = random.pick(['refusing', 'silent'] as const)
      sim.world.after(random.between(50, 4000), () => {
        sim.queues.mode = 'up'
      })
    },
  },
  queueMaster: {
    weight: 5,
    strike: (sim, random) => {
      const { sentinels } = sim.queues
      sentinels.stop(random.chance(0.7) ? sentinels.master : random.pick(HOSTS), random.between(100, 6000))
    },
  },
  queueFailover: {
    weight: 4,
    strike: (sim, random) => {
      const { sentinels } = sim.queues
      const next = random.pick(HOSTS)
      const staleMs = random.chance(0.5) ? random.between(100, 5000) : 0
      if (staleMs > 0 && next !== sentinels.master) sentinels.stall(next, staleMs)
      sim.world.after(staleMs, () => sentinels.failOver(next))
    },
  },
  queueEmpty: { weight: 2, strike: sim => sim.queues.sentinels.comeBackEmpty() },
  queueTrouble: {
    weight: 4,
    strike: (sim, random) => {
      sim.queues.trouble = random.between(0.05, 0.8)
      sim.world.after(random.between(200, 6000), () => {
        sim.queues.trouble = 0
      })
    },
  },
  oldJobs: { weight: 5, strike: (sim, random) => sim.queues.bringBack(random.pick(ORIGINS), random.int(1, 40)) },
  registerDown: {
    weight: 5,
    strike: (sim, random) => {
      const name = random.pick(ACCEPTORS)
      sim.registers.down.add(name)
      sim.world.story.tell(`reg ${name}`, () => 'down')
      sim.world.after(random.between(100, 5000), () => sim.registers.down.delete(name))
    },
  },
  registerTrouble: {
    weight: 4,
    strike: (sim, random) => {
      sim.registers.trouble = random.between(0.05, 0.6)
      sim.world.after(random.between(200, 5000), () => {
        sim.registers.trouble = 0
      })
    },
  },
  registerWiped: {
    weight: 3,
    strike: (sim, random) => {
      if (!sim.registers.whole || sim.checker.newest === null) return
      const name = random.pick(ACCEPTORS)
      sim.registers.wipe(name)
      sim.world.story.tell(`reg ${name}`, () => 'wiped')
    },
  },
  slowTransfer: {
    weight: 3,
    strike: (sim, random) => {
      sim.transfer.ms = random.pick([20, 400, 2500])
    },
  },
  slowDisk: {
    weight: 4,
    strike: (sim, random) => {
      const { disk } = sim.hosts[random.pick(ORIGINS)]
      disk.slowness = random.between(0.01, 0.3)
      sim.world.after(random.between(200, 4000), () => {
        disk.slowness = 0
      })
    },
  },
  fullDisk: {
    weight: 2,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      const { disk } = sim.hosts[name]
      disk.full = true
      sim.world.story.tell(name, () => 'its disk is full')
      sim.world.after(random.between(50, 2000), () => {
        disk.full = false
      })
    },
  },
  storeWiped: {
    weight: 2,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      if (mayLose(sim, name)) sim.replaceDisk(name, null, random.between(50, 2000))
    },
  },
  rolledBack: {
    weight: 2,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      const older = backups.get(sim)?.[name]
      if (older !== undefined && mayLose(sim, name)) sim.replaceDisk(name, older.copy(), random.between(50, 2000))
    },
  },
  backup: {
    weight: 3,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      if (sim.hosts[name].disk.identity !== null)
        backups.set(sim, { ...backups.get(sim), [name]: sim.hosts[name].disk.copy() })
    },
  },
  operator: {
    weight: 4,
    strike: (sim, random) => {
      const name = random.pick(ORIGINS)
      const dice = random.unit()
      if (dice < 0.5) return sim.command(name, { kind: 'handover', shard: random.pick(SHARDS) })
      // A person looks first: never where the other copy is not sound.
      if (dice < 0.6) return mayLose(sim, name) ? sim.command(name, { kind: 'resync' }) : undefined
      sim.command(name, { kind: 'drain' })
      sim.world.after(random.between(500, 4000), () => sim.command(name, { kind: 'ready' }))
    },
  },
}

const backups = new WeakMap<Sim, Partial<Record<OriginName, Disk>>>()

function mayLose(sim: Sim, name: OriginName): boolean {
  const { newest } = sim.checker
  if (newest === null || sim.world.now - newest.at < QUIET_MS || newest.record.members.length < 2) return false
  for (const each of ORIGINS) {
    const { running, disk } = sim.hosts[each]
    const state = running?.replicator.state
    // Before its round at the start, what an earlier life proposed may still be decided: that it is alone, for one.
    if (state === undefined || !state.synced || state.proposer.busy || disk.rolledBack) return false
    if (!newest.record.members.some(member => member.name === each && member.store === disk.identity?.store))
      return false
  }
  const survivor = sim.hosts[peerOf(name)].running?.replicator.state
  return survivor?.unfit === null && survivor.identity.drifted.length === 0
}

export const FAULT_NAMES = Object.keys(FAULTS)

/** Strikes again and again until `until`; the kinds and the pace differ from run to run. */
export function strikeUntil(sim: Sim, random: Random, until: number): void {
  const chosen = FAULT_NAMES.filter(() => random.chance(0.6))
  const kinds = chosen.length > 0 ? chosen : FAULT_NAMES
  const total = kinds.reduce((sum, kind) => sum + (FAULTS[kind]?.weight ?? 0), 0)
  const paceMs = random.pick([100, 400, 1000, 2500])
  sim.world.story.tell('faults', () => `every ${paceMs} ms or so: ${kinds.join(' ')}`)
  const strike = (): void => {
    if (sim.world.now >= until) return
    let dice = random.unit() * total
    const kind = kinds.find(each => {
      dice -= FAULTS[each]?.weight ?? 0
      return dice < 0
    })
    if (kind !== undefined) {
      sim.world.story.tell('faults', () => kind)
      FAULTS[kind]?.strike(sim, random)
    }
    sim.world.after(random.between(0, 2 * paceMs), strike)
  }
  sim.world.after(random.chance(0.3) ? random.between(0, 500) : random.between(2000, 4000), strike)
}
