// Bounds of one scan. A page that reaches one ends early, and says that there is more.

/** Of a list's page, values included: with the row that crosses it some 2 MiB of documents. */
export const PAGE_BYTES_MAX = 1024 * 1024
/** Log read for one page of the feed, of which bodies are the most: one entry at least, which may be longer. */
export const LOG_BYTES_MAX = 4 * 1024 * 1024
/** Rows that are looked at for one page where the collection that is asked for is rare among others. */
export const LOOKED_MAX = 4096
/** Questions that wait for the thread of a shard. A page takes milliseconds: beyond this it does not keep up. */
export const QUESTIONS_MAX = 256
