// The live parts of the page: each is drawn from both accounts, and sent again when it changed.
import type { Accounts } from './accounts.ts'
import { audit, timeline } from './history.ts'
import { hosts } from './hosts.ts'
import type { Html } from './layout.ts'
import { light } from './light.ts'
import { redisSection } from './redissection.ts'
import { replicationSection } from './replicationsection.ts'
import { trafficSection } from './trafficsection.ts'
import { workSection } from './worksection.ts'

type Section = {
  readonly id: string
  readonly title: string
  readonly wide: boolean
  readonly draw: (accounts: Accounts) => Html
}

/** In the order in which somebody reads who has just been woken. */
export const SECTIONS: readonly Section[] = [
  { id: 'light', title: 'Can I lose a host now?', wide: true, draw: light },
  { id: 'hosts', title: 'Who serves what', wide: true, draw: hosts },
  { id: 'replication', title: 'Replication', wide: false, draw: replicationSection },
  { id: 'redis', title: 'Redis, registers, workers', wide: false, draw: redisSection },
  { id: 'traffic', title: 'Traffic', wide: true, draw: trafficSection },
  { id: 'work', title: 'Work', wide: true, draw: workSection },
  { id: 'timeline', title: 'What changed', wide: true, draw: timeline },
  { id: 'audit', title: 'What operators did', wide: true, draw: audit },
]

/** What stands in a section, by its id. */
export const drawn = (accounts: Accounts): ReadonlyMap<string, Html> =>
  new Map(SECTIONS.map(({ id, draw }) => [id, draw(accounts)]))
