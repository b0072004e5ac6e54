// The port to the one connection between the two origins. Frames arrive whole and in order within a session.

export const FRAME_MESSAGE = 1
export const FRAME_ENTRIES = 2
export type FrameKind = typeof FRAME_MESSAGE | typeof FRAME_ENTRIES

/** Longest frame payload: a group of writes is far below it; anything longer is a broken or hostile peer. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024

/**
 * No handler is called from inside `send`, `drop` or `close`. One session at a time: `onDown` of the old one comes before
 * `onUp` of a newer one.
 */
export type LinkHandlers = {
  /** a session began: both ends proved that they know the secret; `session` is the same string on both ends */
  readonly onUp: (session: string) => void
  /** `payload` may be a view of a larger buffer that other frames share: copy it before a transfer */
  readonly onFrame: (session: string, kind: FrameKind, payload: Uint8Array) => void
  readonly onDown: (session: string, why: string) => void
}

export interface LinkTransport {
  /** False where that session is over (nothing was sent). `payload` must not be changed or transferred afterwards. */
  send(session: string, kind: FrameKind, payload: Uint8Array): boolean
  /** Bytes handed over and not yet taken by the kernel. */
  bufferedBytes(): number
  /** Ends the session; a new one is dialled at once. */
  drop(session: string, why: string): void
  close(): Promise<void>
}
