// Files and directories that are on the disk, not only in its cache, when a call resolves.
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function syncDir(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export type ReplaceSteps = { readonly beforeRename?: () => void; readonly afterRename?: () => void }

/** Atomic: after a crash the file holds the old text or the new one, never a part. */
export async function replaceFile(path: string, text: string, steps: ReplaceSteps = {}): Promise<void> {
  const beside = `${path}.new`
  const handle = await open(beside, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  steps.beforeRename?.()
  await rename(beside, path)
  steps.afterRename?.()
  await syncDir(dirname(path))
}
