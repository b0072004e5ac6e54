// Every bound of forwarding by frames, with its reason.
import { REPLAY_BYTES_MAX } from '../../router/body.ts'

/** Requests under way on one connection; beyond it they go by pooled HTTP. Bounds what the peer works on, and holds. */
export const STREAMS_MAX = 1024
/** A whole request or answer head: Node takes 16 KiB from a client, routers add a few lines. */
export const HEAD_BYTES_MAX = 64 * 1024
/** A body up to this travels in one frame with its head: what may be held for another try anyway. */
export const INLINE_BYTES_MAX = REPLAY_BYTES_MAX
/** One piece of a longer body: others get their turn in between. */
export const DATA_BYTES_MAX = 64 * 1024
export const FRAME_BYTES_MAX = HEAD_BYTES_MAX + INLINE_BYTES_MAX + 64
/** Bytes of one body that may be on their way before its reader has taken any. */
export const WINDOW_BYTES = 256 * 1024
/** Handed over and not taken by the kernel: all streams with their inline bodies. A peer that leaves more takes nothing. */
export const WAITING_BYTES_MAX = STREAMS_MAX * INLINE_BYTES_MAX * 2
/** Silence in the middle of an answer that is being read. */
export const BODY_SILENCE_MS = 30_000
/** What is being answered when this origin stops may still end: SIGTERM as a whole has 30 s. */
export const FINISH_MS = 5_000
