// Seals minted keys on a host: Node's HMAC, which answers at once.
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { Seal } from './minted.ts'

export function createSeal(secret: string): Seal {
  const key = createSecretKey(Buffer.from(secret))
  const seal = (scope: string): string => createHmac('sha256', key).update(`minted ${scope}`).digest('base64url')
  return {
    seal,
    holds: (scope, proof) => {
      const [given, expected] = [Buffer.from(proof), Buffer.from(seal(scope))]
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
