// Whether a browser sent a request from a page of this very listener (Fetch Metadata, RFC 6454).

/** What sends neither header is no browser that would carry a cookie of ours unasked: it is refused as well. */
export function sameOrigin(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = request.headers.get('origin')
  const host = request.headers.get('host')
  if (origin === null || host === null) return false
  return URL.parse(origin)?.host === host.toLowerCase()
}
