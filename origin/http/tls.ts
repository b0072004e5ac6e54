// Certificates from files, and what follows when the files change: new connections get the new ones, open ones go on.
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from '../config.ts'

export type TlsMaterial = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined }

/** A renewal writes several files, one after the other. */
const SETTLE_MS = 500

/** Throws where a file cannot be read, or they do not belong together. */
export function readTls({ cert, key, ca }: TlsFiles): TlsMaterial {
  const material = {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ca: ca === null ? undefined : readFileSync(ca),
  }
  createSecureContext(material)
  return material
}

/**
 * Tells of every change that can be used. One that cannot is told to `onError`, and what was read before stays in use.
 * @returns ends it
 */
export function followTls(
  files: TlsFiles,
  changed: (material: TlsMaterial) => void,
  onError: (error: unknown) => void,
): () => void {
  const paths = [files.cert, files.key, ...(files.ca === null ? [] : [files.ca])]
  let timer: NodeJS.Timeout | null = null
  const reload = (): void => {
    timer = null
    try {
      changed(readTls(files))
    } catch (error) {
      onError(error)
    }
  }
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(reload, SETTLE_MS)
  }
  // The directories: a renewal often puts another file, or another link, in the place of the old one.
  const watches: FSWatcher[] = [...new Set(paths.map(dirname))].map(dir => {
    const names = new Set(paths.filter(path => dirname(path) === dir).map(path => basename(path)))
    // Kubernetes and certbot move a link beside the file, so any change of a name that it may lead through counts.
    return watch(dir, (_, name) => {
      if (name === null || names.has(name) || name.startsWith('..')) soon()
    })
  })
  for (const each of watches) each.on('error', onError)
  return () => {
    for (const each of watches) each.close()
    if (timer !== null) clearTimeout(timer)
  }
}

/** What this origin shows when it connects: the newest that could be used. */
export type OwnCertificate = { current(): TlsMaterial; close(): void }

export function ownCertificate(files: TlsFiles, onError: (error: unknown) => void): OwnCertificate {
  let material = readTls(files)
  const close = followTls(
    files,
    changed => {
      material = changed
    },
    onError,
  )
  return { current: () => material, close }
}
