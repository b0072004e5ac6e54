// Signatures with the cluster secret (HMAC-SHA-256). A port: hosts answer it at once with node:crypto, the edge with WebCrypto.

export interface Mac {
  /** base64url, 43 characters */
  sign(text: string): string | Promise<string>
  /** In a time that does not depend on where the two differ. */
  verify(text: string, signature: string): boolean | Promise<boolean>
}

const encoder = new TextEncoder()
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/

/** For runtimes that have nothing but WebCrypto. The key is imported at the first use, inside a request. */
export function webMac(secret: string): Mac {
  let key: Promise<CryptoKey> | null = null
  const imported = (): Promise<CryptoKey> => {
    key ??= crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ])
    return key
  }
  return {
    async sign(text) {
      return base64url(new Uint8Array(await crypto.subtle.sign('HMAC', await imported(), encoder.encode(text))))
    },
    async verify(text, signature) {
      if (!SIGNATURE.test(signature)) return false
      return crypto.subtle.verify('HMAC', await imported(), fromBase64url(signature), encoder.encode(text))
    },
  }
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const fromBase64url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))
