// May this host hold a floating address? That is less than being ready: while a takeover runs, requests wait here, and an
// address that moved meanwhile would break their connections for nothing. And it is more than being alive.
import { leaseHolds } from '../replicator/core/reign.ts'
import { isFit, isMember, isSole, type State } from '../replicator/core/state.ts'
import { MAJORITY } from '../replicator/register/acceptor.ts'

/** Why not, or null. */
export function whyNoAddress(s: State, now: number): string | null {
  if (s.leaving || s.identity.drained) return 'it leaves'
  if (s.record === null || !s.synced) return 'the register has not been read yet'
  if (s.replaced) return 'the registers belong to another lineage'
  if (!isMember(s)) return 'its store is not a member'
  if (!isFit(s)) return 'its copy must be reseeded'
  // The lease, not the link: a card that is mute still hears.
  if (isSole(s) || leaseHolds(s, now)) return null
  // Nobody serves here now. Whoever reaches a majority takes over, or hears who did.
  const heard = [...s.registers.last.values()].filter(reply => reply.kind === 'state').length
  return heard >= MAJORITY ? null : 'neither the other origin nor a majority of the registers answers'
}
