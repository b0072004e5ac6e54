// Judges a command's conditions against the row that its transaction sees. RFC 9110 13.1.
import type { Condition } from '../../replicator/store/command.ts'

/** @param etag the document's strong ETag, null where there is none */
export function conditionHolds(condition: Condition, etag: string | null): boolean {
  switch (condition.kind) {
    case 'none':
      return true
    // RFC 9110 13.1.1: strong comparison, so a weak tag (W/) is equal to nothing.
    case 'match':
      return etag !== null && (condition.etags === '*' || condition.etags.includes(etag))
    // RFC 9110 13.1.2: weak comparison.
    case 'noneMatch':
      return etag === null || (condition.etags !== '*' && !condition.etags.some(tag => weakly(tag) === etag))
  }
}

const weakly = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)
