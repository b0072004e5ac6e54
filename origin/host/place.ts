// A fingerprint of where a data directory lives, which a copy of it (cp -a, a restored backup) does not share.
// The birth time of the directory tells: no system call sets it, it survives reboots, and a directory that is moved
// within its file system keeps it. Device numbers change with a reboot, and inode numbers repeat (one that was freed is
// given out again; the root of a fresh file system always has the same), so the inode only decides without a birth time.
// What copies the whole disk (a VM's snapshot) copies this too; the register's list of incarnations is for that.
import { stat } from 'node:fs/promises'
import { z } from 'zod'

export const placeSchema = z.strictObject({
  inode: z.string().regex(/^\d+$/),
  /** nanoseconds; null where the file system keeps none */
  birth: z.string().regex(/^\d+$/).nullable(),
})
export type Place = z.output<typeof placeSchema>

/** `doubtful`: the birth time equals that of the last change, which old systems give where there is no birth time. */
export type PlaceNow = Place & { readonly doubtful: boolean }

export async function placeOf(dir: string): Promise<PlaceNow> {
  const { ino, birthtimeNs, ctimeNs } = await stat(dir, { bigint: true })
  return {
    inode: String(ino),
    birth: birthtimeNs > 0n ? String(birthtimeNs) : null,
    doubtful: birthtimeNs === ctimeNs,
  }
}

export function samePlace(recorded: Place, now: PlaceNow): boolean {
  if (recorded.birth === null || now.birth === null) return recorded.inode === now.inode
  return recorded.birth === now.birth || (now.doubtful && recorded.inode === now.inode)
}
