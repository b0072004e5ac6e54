// Seals minted keys with the cluster's signature.
import type { Mac } from './mac.ts'
import type { Seal } from './minted.ts'

export const createSeal = (mac: Mac): Seal => ({
  seal: scope => mac.sign(`minted ${scope}`),
  holds: (scope, proof) => mac.verify(`minted ${scope}`, proof),
})
