// Every bound of the protocol, with its reason. Times in milliseconds. ARCHITECTURE.md shows their order.

export type Timing = {
  /** how often each origin tells the other that it lives */
  readonly heartbeatMs: number
  /** how long a primary may serve after the send time of the last beat that was granted */
  readonly leaseMs: number
  /** how long a standby keeps its promise not to serve: at least 1.3 leases, so that drifting clocks cannot make them overlap */
  readonly graceMs: number
  /** how long a peer must have been connected without a break before it is added or gets its shard back */
  readonly stableMs: number
}

/** Clock drift that the grace allows for between two hosts: 1.3 leases of promise for one lease. */
export const GRACE_PER_LEASE = 1.3
/**
 * A standby's lease for reads, as a share of its primary's: with its promise (1.3 times that) it ends before the primary may go on
 * alone, so nobody ever waits for it; and it outlives a lost beat, of which there are five in a lease.
 */
export const READ_LEASE_SHARE = 0.5
/** An entry without an acknowledgement for this long, while the link lives, also goes by the direct lane. */
export const DIRECT_AFTER_MS = 100
/** In the direct lane, how often the queue is asked whether it answers again. */
export const PROBE_EVERY_MS = 250
/** Unacknowledged entries of the direct lane are sent again after this long: the standby was busy standing, or reopening. */
export const DIRECT_RESEND_MS = 500
/** Bytes and entries on their way by the direct lane: bounds both ends' memory while a long gap streams. */
export const WINDOW_BYTES = 8 * 1024 * 1024
export const WINDOW_ENTRIES = 512
/** One read of the log while streaming. */
export const READ_BYTES = 1024 * 1024
/** Entries that a standby holds while an earlier one is missing; beyond it drops them, they are sent again. */
export const GAP_ENTRIES_MAX = 1024
export const GAP_BYTES_MAX = 64 * 1024 * 1024
/** Positions in a tail: more tentative entries than the groups that a primary ever has in flight. */
export const TAIL_MAX = 1024
/** A handover that is not level after this long is given up (nothing was proposed yet). */
export const HANDOVER_LEVEL_MS = 2000
/** Refusals of one entry after which the standby is unfit: once may be a damaged message, twice is the entry or the store. */
export const REFUSALS_MAX = 2
/** How often an origin that serves looks at all three registers, and one that does not. */
export const REGISTER_PROBE_MS = 2000
export const REGISTER_PROBE_UNSETTLED_MS = 500
/** An origin that called a register within this lives: it calls at every look, each of which ends within a second. */
export const NEWS_MS = 5 * REGISTER_PROBE_MS
/** A majority of the registers must have been empty for so long before they are rebuilt: no answer of before is on its way. */
export const REBUILD_AFTER_MS = 2 * 1000
/**
 * What begins beside a history that nobody here has seen the end of begins so far ahead of the end that is known. Epochs and
 * ballots rise by one with a change or a round, so no pair has come so far: no ETag, view or ballot of it is met again.
 */
export const AHEAD = 1_000_000
/** Between two rounds of a proposal: random within this, so that duelling proposers part. */
export const ROUND_BACKOFF_MS = 60
/** A register that has not answered by then counts as unreachable in this round. */
export const ROUND_DEADLINE_MS = 1000
/** After a failed snapshot or comparison. */
export const RETRY_MS = 1000
/** b waits this much longer than a before it goes solo, so that a cut link does not make them duel. */
export const SOLO_STAGGER_MS = 100
/** A second reseed of a shard within this time raises the alarm instead: it would not help either. */
export const RESEED_AGAIN_MS = 10 * 60 * 1000
/** Losses within LOSSES_FORGOTTEN_MS that do not lengthen the stable time yet: one bad evening is no flapping. */
export const LOSSES_FREE = 3
/** How many times the stable time may double while a peer keeps failing: 5 s becomes at most 5 min. */
export const STABLE_DOUBLINGS_MAX = 6
/** The stable time of a peer that was not lost of late: long enough to see that it stays up after its start. */
export const UNSUSPECTED_STABLE_MS = 500
/** Losses of the peer before this no longer lengthen the stable time. */
export const LOSSES_FORGOTTEN_MS = 10 * 60 * 1000
