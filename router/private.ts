// What one origin says to the other on a forwarded request, beside the client's own words.

/** Set to `1` on a request that a router has already routed: it is answered where it arrives, never forwarded again. */
export const FORWARDED_HEADER = 'tandem-forwarded'
/** The cluster secret; `Authorization` stays the client's. */
export const SECRET_HEADER = 'tandem-secret'
/** The challenge of the private listener: it tells a wrong cluster secret from a client's wrong token. */
export const PRIVATE_CHALLENGE = 'Bearer realm="tandem-private"'
