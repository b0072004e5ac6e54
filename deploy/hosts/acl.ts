// The users of Redis and Sentinel on hosts: each may do what its work needs. Passwords stand in these files as hashes.
import { createHash } from 'node:crypto'
import type { Passwords, RedisUser } from '../redis/render.ts'

const hash = (password: string): string => createHash('sha256').update(password).digest('hex')

type Rights = Partial<Record<RedisUser, string>>

/** Nobody comes in without a name. */
const NOBODY = 'user default off'

const file = (rights: Rights, passwords: Passwords): string =>
  `${[
    NOBODY,
    ...Object.entries(passwords).flatMap(([user, password]) => {
      const may = Object.entries(rights).find(([name]) => name === user)?.[1]
      return may === undefined ? [] : [`user ${user} on #${hash(password)} ${may}`]
    }),
  ].join('\n')}\n`

/** BullMQ's scripts and blocking reads; nothing that changes the server. */
const DOCUMENTS = '~* &* +@all -@admin -@dangerous +info +role +config|get +client|list'
/** As Redis' own documentation of Sentinel names them. */
const SENTINEL_ON_REDIS =
  'resetkeys &* -@all +multi +exec +replicaof +slaveof +ping +info +role +publish +subscribe +config|rewrite +client|setname +client|kill +script|kill'
/** What the start wrappers ask, and what a person needs who looks after it. */
const KEEPER_ON_QUEUE = '~* &* -@all +ping +info +role +dbsize +config|get +config|set +client|list +slowlog'

export const queueAcl = (passwords: Passwords): string =>
  file(
    {
      origin: DOCUMENTS,
      replica: 'resetkeys &* -@all +ping +psync +replconf',
      sentinel: SENTINEL_ON_REDIS,
      keeper: KEEPER_ON_QUEUE,
    },
    passwords,
  )

/** `del`: a restore begins with empty registers (deploy/README.md). */
export const registerAcl = (passwords: Passwords): string =>
  file(
    {
      origin: '~tandem:* resetchannels -@all +@connection +eval +@hash +time +info +config|get',
      keeper: '~tandem:* resetchannels -@all +ping +info +get +del +config|get',
    },
    passwords,
  )

export const sentinelAcl = (passwords: Passwords): string =>
  file(
    {
      origin:
        'resetkeys &* -@all +@connection +info +role +subscribe +sentinel|master +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas',
      sentinel: 'resetkeys &* +@all -acl',
      keeper: 'resetkeys &* -@all +ping +info +sentinel',
    },
    passwords,
  )
