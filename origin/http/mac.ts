// Signatures on a host: node:crypto answers at once, where WebCrypto would take a turn of the thread pool.
import { createHmac, timingSafeEqual } from 'node:crypto'

export type HostMac = {
  sign(text: string): string
  verify(text: string, signature: string): boolean
}

export function hostMac(secret: string): HostMac {
  const digest = (text: string): Buffer => createHmac('sha256', secret).update(text).digest()
  return {
    sign: text => digest(text).toString('base64url'),
    verify(text, signature) {
      const given = Buffer.from(signature, 'base64url')
      const expected = digest(text)
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
