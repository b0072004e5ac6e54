// What goes wrong, one kind each: how it begins, how it ends, and which host cannot serve meanwhile.
import type { AddressMover } from '../../deploy/hosts/clusterfile.ts'
import { HOSTS, type Host as HostName } from '../../deploy/redis/render.ts'
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import { until } from '../cluster/cluster.ts'
import type { Random } from '../sim/random.ts'
import { setClock } from './clock.ts'
import type { Part } from './host.ts'
import type { Pair } from './pair.ts'

export type Fault = {
  readonly kind: string
  /** for the story */
  readonly what: string
  readonly ms: number
  begin(pair: Pair): Promise<void>
  end(pair: Pair): Promise<void>
  /** the host that cannot serve, and why it lets go of its addresses; null where all can */
  readonly mute: { readonly host: OriginName; readonly why: Reason } | null
  /** whose address may move */
  readonly of: OriginName | null
}

type Make = (random: Random) => Fault

const origin = (random: Random): OriginName => random.pick(ORIGINS)
const nothing = async (): Promise<void> => {}

/** Why a host must let go of its addresses. */
type Reason = 'card' | 'stopped' | 'apart' | 'isolated'

/**
 * How soon it must have. DESIGN: within half a second where a card fails; a second here, as three processes and a bench share two
 * cores. A stopped process is told from a slow one first. `isolated`: until the lease is over and the registers have been asked in
 * vain. `apart`, both cards: Pacemaker acts once both halves have agreed on who is there (deploy/hosts/corosync.ts).
 */
export const WITHIN_MS: Readonly<Record<AddressMover, Readonly<Record<Reason, number>>>> = {
  keepalived: { card: 1000, stopped: 1500, apart: 1000, isolated: 4000 },
  pacemaker: { card: 1500, stopped: 2000, apart: 5000, isolated: 4500 },
}

const killed =
  (part: Part, hosts: readonly HostName[]): Make =>
  random => {
    const host = random.pick(hosts)
    return {
      kind: `kill -9 ${part}`,
      what: `kill -9 ${part} of ${host}`,
      ms: 2500,
      begin: async pair => void pair.hosts[host].unit(part).signal('SIGKILL'),
      end: nothing,
      mute: null,
      of: host === 'w' ? null : host,
    }
  }

const paused =
  (part: Part, hosts: readonly HostName[], mute: boolean): Make =>
  random => {
    const host = random.pick(hosts)
    return {
      kind: `pause ${part}`,
      what: `pause ${part} of ${host}`,
      ms: random.between(1500, 4000),
      begin: async pair => void pair.hosts[host].unit(part).signal('SIGSTOP'),
      end: async pair => void pair.hosts[host].unit(part).signal('SIGCONT'),
      mute: mute && host !== 'w' ? { host, why: 'stopped' } : null,
      of: host === 'w' ? null : host,
    }
  }

const powerLoss =
  (hosts: readonly HostName[], wiped: boolean): Make =>
  random => {
    const host = random.pick(hosts)
    return {
      kind: `${host === 'w' ? 'witness loses power' : 'host loses power'}${wiped ? ', back with an empty disk' : ''}`,
      what: `${host} loses power${wiped ? ' and its disk' : ''}`,
      ms: random.between(2500, 6000),
      begin: async pair => {
        await pair.network.unplug(host, 'ext', 'int')
        await pair.hosts[host].powerOff()
        if (wiped) await pair.hosts[host].wipe()
      },
      end: async pair => {
        await pair.network.plugIn(host, 'ext', 'int')
        await pair.hosts[host].powerOn()
      },
      mute: host === 'w' ? null : { host, why: 'apart' },
      of: host === 'w' ? null : host,
    }
  }

/** A bound on what has to come before the witness is lost: a takeover, and an address on its way. */
const SOLO_MS = 20_000

/** One after the other: the survivor is alone in the record, so that it needs nobody, and must keep both addresses. */
const powerThenWitness: Make = random => {
  const host = origin(random)
  const survivor = peerOf(host)
  const both = [host, 'w'] as const
  return {
    kind: 'host, then witness loses power',
    what: `${host}, then w loses power`,
    ms: random.between(4000, 6000),
    begin: async pair => {
      const solo = async (): Promise<boolean> => (await pair.statusOf(survivor))?.members.length === 1
      await pair.network.unplug(host, 'ext', 'int')
      await pair.hosts[host].powerOff()
      await until(solo, SOLO_MS, `${survivor} is alone in the record`)
      await until(async () => pair.addresses.holdsBoth(survivor), SOLO_MS, `${survivor} holds both addresses`)
      await pair.network.unplug('w', 'ext', 'int')
      await pair.hosts.w.powerOff()
    },
    end: async pair => {
      if (!pair.addresses.holdsBoth(survivor)) throw new Error(`${survivor}, alone, let go of an address`)
      for (const each of both) await pair.network.plugIn(each, 'ext', 'int')
      for (const each of both) await pair.hosts[each].powerOn()
    },
    mute: { host, why: 'apart' },
    of: host,
  }
}

const unplugged =
  (...cards: ('ext' | 'int')[]): Make =>
  random => {
    const host = origin(random)
    const kind =
      cards.length === 2 ? 'both cards down' : cards[0] === 'ext' ? 'external card down' : 'internal card down'
    return {
      kind,
      what: `${kind} on ${host}`,
      ms: random.between(2500, 6000),
      begin: pair => pair.network.unplug(host, ...cards),
      end: pair => pair.network.plugIn(host, ...cards),
      mute: { host, why: cards.length === 2 ? 'apart' : cards[0] === 'ext' ? 'card' : 'isolated' },
      of: host,
    }
  }

const oneWay =
  (card: 'ext' | 'int', direction: 'in' | 'out'): Make =>
  random => {
    const host = origin(random)
    const kind = `${card === 'ext' ? 'external' : 'internal'} card ${direction === 'in' ? 'deaf' : 'mute'}`
    return {
      kind,
      what: `${kind} on ${host}`,
      ms: random.between(3000, 6000),
      begin: pair => pair.network.cut(host, card, direction),
      end: pair => pair.network.heal(),
      mute: { host, why: card === 'ext' ? 'stopped' : 'isolated' },
      of: host,
    }
  }

const isolated =
  (kind: string, host: HostName): Make =>
  random => ({
    kind,
    what: kind,
    ms: random.between(3000, 6000),
    begin: pair => pair.network.cut(host, 'int', 'both'),
    end: pair => pair.network.heal(),
    mute: host === 'w' ? null : { host, why: 'isolated' },
    of: host === 'w' ? null : host,
  })

const linkCut: Make = random => ({
  kind: 'only the link cut, both see the witness',
  what: 'a and b lose each other on the internal network',
  ms: random.between(3000, 6000),
  begin: pair => pair.network.part('a', 'b', 'int'),
  end: pair => pair.network.heal(),
  mute: null,
  of: null,
})

const fullDisk: Make = random => {
  const host = origin(random)
  return {
    kind: 'disk full',
    what: `disk of ${host} full`,
    ms: random.between(2500, 5000),
    begin: pair => pair.hosts[host].fill(),
    end: async pair => void (await pair.hosts[host].unfill()),
    mute: null,
    of: host,
  }
}

/** libfaketime looks at its file every second. */
const JUMP_MS = 10_000

async function jump(pair: Pair, host: OriginName, offsetS: number): Promise<void> {
  await pair.hosts[host].sh(setClock(offsetS))
  const there = async (): Promise<boolean> => Math.abs((await pair.clockOf(host)) - offsetS) < Math.abs(offsetS) / 2 + 5
  await until(there, JUMP_MS, `the clock of ${host} is off by ${offsetS} s`)
}

const clockJump: Make = random => {
  const host = origin(random)
  const offsetS = random.pick([-7200, -90, 90, 7200])
  return {
    kind: 'clock jumps',
    what: `clock of ${host} jumps by ${offsetS} s`,
    ms: random.between(2500, 5000),
    begin: pair => jump(pair, host, offsetS),
    end: pair => jump(pair, host, 0),
    mute: null,
    of: host,
  }
}

const upgrade: Make = random => {
  const host = origin(random)
  return {
    kind: 'upgrade of one host (SIGTERM, start)',
    what: `upgrade of ${host}`,
    ms: 100,
    begin: pair => pair.hosts[host].unit('origin').stop(),
    end: pair => pair.hosts[host].unit('origin').start(),
    mute: null,
    of: host,
  }
}

export const FAULTS: Readonly<Record<string, Make>> = {
  'origin-kill': killed('origin', ORIGINS),
  'queue-kill': killed('queue', HOSTS),
  'register-kill': killed('register', HOSTS),
  'sentinel-kill': killed('sentinel', HOSTS),
  'keepalived-kill': killed('keepalived', ORIGINS),
  'corosync-kill': killed('corosync', ORIGINS),
  'pacemaker-kill': killed('pacemaker', ORIGINS),
  'watch-kill': killed('vip-watch', ORIGINS),
  'origin-pause': paused('origin', ORIGINS, true),
  'queue-pause': paused('queue', HOSTS, false),
  'keepalived-pause': paused('keepalived', ORIGINS, false),
  'corosync-pause': paused('corosync', ORIGINS, false),
  power: powerLoss(ORIGINS, false),
  'power-then-witness': powerThenWitness,
  'power-witness': powerLoss(['w'], false),
  'empty-disk': powerLoss(ORIGINS, true),
  'external-down': unplugged('ext'),
  'internal-down': unplugged('int'),
  'both-down': unplugged('ext', 'int'),
  'external-deaf': oneWay('ext', 'in'),
  'external-mute': oneWay('ext', 'out'),
  'internal-deaf': oneWay('int', 'in'),
  'internal-mute': oneWay('int', 'out'),
  'a-alone': isolated('partition a | b + w', 'a'),
  'b-alone': isolated('partition a + w | b', 'b'),
  'w-alone': isolated('partition a + b | w', 'w'),
  'link-cut': linkCut,
  'full-disk': fullDisk,
  'clock-jump': clockJump,
  upgrade,
}

/** Kinds that there are where the other one moves the addresses. */
const KINDS_OF: Readonly<Record<AddressMover, readonly string[]>> = {
  keepalived: ['keepalived-kill', 'keepalived-pause'],
  pacemaker: ['corosync-kill', 'corosync-pause', 'pacemaker-kill'],
}

export function kindsWith(mover: AddressMover): string[] {
  const foreign = KINDS_OF[mover === 'keepalived' ? 'pacemaker' : 'keepalived']
  return Object.keys(FAULTS).filter(kind => !foreign.includes(kind))
}

/** Every kind once in each lap, in an order of the seed's. */
export function* schedule(random: Random, kinds: readonly string[]): Generator<Fault> {
  for (;;) {
    const left = [...kinds]
    while (left.length > 0) {
      const [kind] = left.splice(random.int(0, left.length - 1), 1)
      const make = FAULTS[kind ?? '']
      if (make === undefined) throw new Error(`there is no fault ${kind}: ${Object.keys(FAULTS).join(', ')}`)
      yield make(random)
    }
  }
}
