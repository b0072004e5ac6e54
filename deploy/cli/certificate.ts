// What the command line shows private listeners that want a certificate: that of the host, from the same settings.
import { readFileSync } from 'node:fs'

export const hasCertificate = (): boolean => process.env.TANDEM_PRIVATE_TLS_CERT !== undefined

let made: typeof fetch | null = null

export async function operatorFetch(): Promise<typeof fetch> {
  made ??= await makeFetch()
  return made
}

async function makeFetch(): Promise<typeof fetch> {
  const { TANDEM_PRIVATE_TLS_CERT, TANDEM_PRIVATE_TLS_KEY, TANDEM_PRIVATE_TLS_CA } = process.env
  if (TANDEM_PRIVATE_TLS_CERT === undefined || TANDEM_PRIVATE_TLS_KEY === undefined) return fetch
  const [cert, key] = [readFileSync(TANDEM_PRIVATE_TLS_CERT), readFileSync(TANDEM_PRIVATE_TLS_KEY)]
  const ca = TANDEM_PRIVATE_TLS_CA === undefined ? undefined : readFileSync(TANDEM_PRIVATE_TLS_CA)
  // Loaded by those who need it: a command should not take longer for what it does not use.
  const { peerFetch } = await import('../../router/forward.node.ts')
  return peerFetch(() => ({ cert, key, ca }))
}
