// Which store this is: the identity of a data directory at start, new where it must not pass for an older one.
import type { Identity } from '../../replicator/identity.ts'
import type { Log } from '../../replicator/log.ts'
import type { OriginName } from '../../router/words.ts'
import { moveAside } from './aside.ts'
import { type LoadedIdentity, loadIdentity } from './identityfile.ts'

/** Ends the start: a person must look. */
export class UnusableDirectory extends Error {}

/** Starts between two that reached the register: far more than happen; the oldest ones are forgotten. */
const INCARNATIONS_MAX = 1000

export type OpenIdentityOptions = {
  readonly dataDir: string
  readonly name: OriginName
  readonly incarnation: string
  readonly newId: () => string
  readonly log: Log
}

/** The identity to go on with; the caller saves it before anything else happens. */
export async function openIdentity(options: OpenIdentityOptions): Promise<Identity> {
  const { dataDir, name, incarnation, newId, log } = options
  const loaded = await usable(options, await loadIdentity(dataDir, name))
  if (loaded.kind === 'new') {
    log.info({ dataDir }, 'a new store')
    return {
      format: 1,
      name,
      store: newId(),
      lineage: null,
      incarnations: [incarnation],
      ballotCounter: 0,
      intent: null,
      epoch: 0,
      record: null,
      restored: null,
      drifted: [],
      drained: false,
    }
  }
  const { identity } = loaded
  const incarnations = [...identity.incarnations, incarnation].slice(-INCARNATIONS_MAX)
  if (loaded.kind === 'found') return { ...identity, incarnations }
  // Its entries may be older than what the original acknowledged since: it is another store, brought level by rejoining.
  log.warn({ dataDir, was: identity.store }, 'this data directory is a copy: its store gets a new id')
  return { ...identity, store: newId(), incarnations }
}

type Usable = Extract<LoadedIdentity, { kind: 'new' | 'found' | 'copied' }>

async function usable({ dataDir, name, log }: OpenIdentityOptions, loaded: LoadedIdentity): Promise<Usable> {
  switch (loaded.kind) {
    case 'damaged':
      throw new UnusableDirectory(
        `${loaded.why}. Restore it, or move ${dataDir} away: the other origin will reseed this one.`,
      )
    case 'foreign': {
      if (!loaded.copied)
        throw new UnusableDirectory(
          `${dataDir} belongs to origin ${loaded.name}, and this is origin ${name}: give each its own.`,
        )
      const aside = await moveAside(dataDir, `copy of ${loaded.name}`)
      log.warn(
        { aside, was: loaded.name },
        'the data directory was a copy of the other origin: moved aside, begins anew',
      )
      return { kind: 'new' }
    }
    default:
      return loaded
  }
}
