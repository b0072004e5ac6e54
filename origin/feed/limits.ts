// Bounds of live streams, each with its reason.

/** Streams of this origin at once: each that is level costs a page a wake, most of which they share. */
export const STREAMS_MAX = 512
/** Streams look for news no more often than this, so that a busy log does not wake each of them with every group. */
export const PACE_MS = 20
/** Changes that are read at once for a stream. */
export const BATCH = 100
/** Bytes that wait for a client which reads slowly, beside those in its socket; then its stream waits in the log. */
export const WAITING_BYTES_MAX = 64 * 1024
/** A client that takes nothing for so long is gone, or better off with a new stream: it resumes by its last id. */
export const STALLED_MS = 30_000
/** A takeover is over by then: an origin that still hears nothing of a shard's primary cannot vouch for it. */
export const UNHEARD_MS = 10_000
/** Until a stream that has just been opened knows where it begins. */
export const BEGIN_MS = 3_000
/** Pages that streams share between two wakes. */
export const SHARED_MAX = 64
