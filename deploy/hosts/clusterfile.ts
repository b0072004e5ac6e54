// The cluster file: one TOML file from which everything on three hosts is rendered. Read whole, every fault listed.
import { isIPv4 } from 'node:net'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import type { Fault } from '../../origin/config/sources.ts'
import { brokenRules } from './rules.ts'

/** An address with the length of its network, as `ip address` takes it. */
export type CardAddress = { readonly host: string; readonly bits: number }
export type Card = { readonly name: string; readonly address: CardAddress }

export type OriginHost = {
  readonly external: Card
  readonly internal: Card
  /** the floating address that is at home here */
  readonly vip: string
}

export type ClusterFile = {
  /** the name that the Sentinels know the queue Redis by */
  readonly name: string
  /** directory of passwords, relative to the cluster file */
  readonly secrets: string
  /** file with bearer tokens, relative to the cluster file */
  readonly tokens: string
  /** answers pings on the external network: tells a host whether its own card is deaf or mute; null where there is none */
  readonly gateway: string | null
  /** who moves the floating addresses */
  readonly addresses: AddressMover
  readonly a: OriginHost
  readonly b: OriginHost
  readonly w: { readonly internal: Card }
  readonly ports: Readonly<Record<PortName, number>>
  /** VRRP router ids of the two floating addresses: unique on the external network */
  readonly vrrp: readonly [a: number, b: number]
  /** further settings of both origins (TANDEM_STABLE_MS and the like) */
  readonly origin: Readonly<Record<string, string>>
}

/** What moves floating addresses: VRRP between the two hosts, or a cluster that somebody runs anyway. */
export const ADDRESS_MOVERS = ['keepalived', 'pacemaker'] as const
export type AddressMover = (typeof ADDRESS_MOVERS)[number]

export const PORT_NAMES = ['public', 'private', 'queue', 'register', 'sentinel'] as const
export type PortName = (typeof PORT_NAMES)[number]
const PORT_PRESETS: Readonly<Record<PortName, number>> = {
  public: 80,
  private: 7101,
  queue: 7201,
  register: 7221,
  sentinel: 7301,
}

const ADDRESS = 'an IPv4 address'
const CARD_ADDRESS = 'an IPv4 address with the length of its network, like 192.0.2.11/24'
/** IFNAMSIZ of Linux. */
const CARD = /^[A-Za-z0-9_.-]{1,15}$/

const address = z.string().refine(isIPv4).describe(ADDRESS)
const cardAddress = z
  .string()
  .transform((text, context): CardAddress => {
    const [host = '', bits = '', ...more] = text.split('/')
    if (isIPv4(host) && /^\d{1,2}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= 32 && more.length === 0)
      return { host, bits: Number(bits) }
    context.addIssue({ code: 'custom', message: CARD_ADDRESS })
    return z.NEVER
  })
  .describe(CARD_ADDRESS)
const card = z.string().regex(CARD).describe('the name of a network card, like eth0')
const port = z.number().int().min(1).max(65_535).describe('a port, 1 to 65535')
const path = z.string().min(1).max(4096).describe('a path')
const routerId = z.number().int().min(1).max(255)

const originHost = z
  .strictObject({
    external: cardAddress,
    external_card: card,
    internal: cardAddress,
    internal_card: card,
    vip: address,
  })
  .transform(
    (host): OriginHost => ({
      external: { name: host.external_card, address: host.external },
      internal: { name: host.internal_card, address: host.internal },
      vip: host.vip,
    }),
  )

const witness = z
  .strictObject({ internal: cardAddress, internal_card: card })
  .transform(host => ({ internal: { name: host.internal_card, address: host.internal } }))

const ports = z.strictObject({
  public: port.default(PORT_PRESETS.public),
  private: port.default(PORT_PRESETS.private),
  queue: port.default(PORT_PRESETS.queue),
  register: port.default(PORT_PRESETS.register),
  sentinel: port.default(PORT_PRESETS.sentinel),
})

const scalar = z.union([z.string(), z.number()]).transform(String)

const SCHEMA = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .default('tandem')
    .describe('1-64 letters, digits, ".", "_", "-"'),
  secrets: path.default('secrets'),
  tokens: path,
  gateway: address.nullable().default(null),
  addresses: z.enum(ADDRESS_MOVERS).default('keepalived').describe(ADDRESS_MOVERS.join(' or ')),
  a: originHost.describe('a table [a]: external, external_card, internal, internal_card, vip'),
  b: originHost.describe('a table [b]: external, external_card, internal, internal_card, vip'),
  w: witness.describe('a table [w]: internal, internal_card'),
  ports: ports.default(PORT_PRESETS),
  vrrp: z.tuple([routerId, routerId]).default([51, 52]).describe('two numbers, 1 to 255'),
  origin: z.record(z.string(), scalar).default({}).describe('a table [origin] of settings, each text or a number'),
})

export type Read =
  | { readonly kind: 'ok'; readonly cluster: ClusterFile }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

export function readCluster(text: string): Read {
  let table: unknown
  try {
    table = parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const value = `line ${error.line}, column ${error.column}`
    return { kind: 'faults', faults: [{ name: 'cluster file', value, allowed: 'valid TOML' }] }
  }
  const parsed = SCHEMA.safeParse(table)
  if (!parsed.success) return { kind: 'faults', faults: parsed.error.issues.flatMap(issue => faultsOf(issue, table)) }
  const faults = brokenRules(parsed.data)
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'ok', cluster: parsed.data }
}

type Issue = z.core.$ZodIssue

function faultsOf(issue: Issue, table: unknown): Fault[] {
  const at = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      name: [...at, key].join('.'),
      value: '(hidden)',
      allowed: 'no setting has this name',
    }))
  const value = valueAt(table, at)
  return [
    {
      name: at.join('.'),
      value: value === undefined ? '(not set)' : typeof value === 'object' ? '(a table or list)' : String(value),
      allowed: allowedAt(at),
    },
  ]
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const valueAt = (table: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), table)

const HOST_FIELDS: Readonly<Record<string, string>> = {
  external: CARD_ADDRESS,
  internal: CARD_ADDRESS,
  external_card: 'the name of a network card, like eth0',
  internal_card: 'the name of a network card, like eth1',
  vip: ADDRESS,
}

function allowedAt([first = '', second]: readonly string[]): string {
  if (second !== undefined && ['a', 'b', 'w'].includes(first)) return HOST_FIELDS[second] ?? ''
  if (second !== undefined && first === 'ports') return 'a port, 1 to 65535'
  const described = Object.entries(SCHEMA.shape).find(([name]) => name === first)?.[1].description
  return described ?? (first === 'gateway' ? ADDRESS : 'a path')
}
