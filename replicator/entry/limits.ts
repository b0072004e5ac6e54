// Bounds of an entry. Encoding beyond one is a fault of the caller, decoding beyond one a damaged entry.

/** Shape of the rows that entries describe, and of the database that holds them. Raised with every change of either. */
export const SCHEMA_VERSION = 3
/** Well under the link's longest frame (64 MiB), so that an entry always fits into one. */
export const ENTRY_BYTES_MAX = 32 * 1024 * 1024
/** A group's row operations: bounds the time that one transaction holds the writer. */
export const OPS_MAX = 4096
/** collection (64), slash, id (512), with room for keys of a later table */
export const KEY_BYTES_MAX = 1024
/** A Content-Type as long as any server's whole header block is no media type. */
export const TYPE_BYTES_MAX = 1024
