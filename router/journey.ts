// What a request went through on its way to an answer, told in Proxy-Status (RFC 9209).
import type { OriginName } from './words.ts'

export type RouterName = OriginName | 'edge'

/** Error types of RFC 9209 2.3 that a router of ours can meet. */
export type ProxyError =
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'destination_unavailable'
  | 'http_response_timeout'
  | 'proxy_internal_error'

export class Journey {
  readonly startedMs: number
  attempts = 0
  parkedMs = 0
  /** times that the primary was somewhere else after an attempt had failed */
  moves = 0
  /** attempts that brought no answer may have taken effect in reigns that began up to this epoch; null without such */
  lostUpTo: number | null = null
  nextHop: OriginName | null = null
  /** where the last attempt went that came to nothing; never asked twice in a row while the other may know better */
  tried: OriginName | null = null
  error: ProxyError | null = null

  constructor(startedMs: number) {
    this.startedMs = startedMs
  }

  lost(upTo: number): void {
    this.lostUpTo = Math.max(upTo, this.lostUpTo ?? upTo)
  }

  /** Null for the plain case: answered here, at once. */
  proxyStatus(router: RouterName, failed: boolean): string | null {
    if (this.nextHop === null && this.attempts <= 1 && this.parkedMs === 0 && !failed) return null
    let text = `tandem-${router}`
    if (this.nextHop !== null) text += `; next-hop=${this.nextHop}`
    if (failed && this.error !== null) text += `; error=${this.error}`
    if (this.attempts > 1 || this.parkedMs > 0) {
      text += `; details="attempts=${this.attempts}, parked-ms=${Math.ceil(this.parkedMs)}"`
    }
    return text
  }
}
