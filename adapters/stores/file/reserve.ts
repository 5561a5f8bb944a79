import { randomBytes } from 'node:crypto'
import { open, rm, stat, statfs, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_MODE, writeFully } from './system'

/** How large a reserve is. */
const RESERVE_BYTES = 1024 * 1024
/** It is made only when so many times its size is free, since it must not fill a small disk. */
const ROOM_FACTOR = 4
/** How much `share` frees. */
const SHARE_BYTES = 64 * 1024

/** Room on the disk that is kept for the time when the disk is full. No function rejects, except by the work of `lend`. */
export interface Reserve {
  /** Returns how many bytes it has. */
  size(): Promise<number>
  /** Makes the reserve as large as it should be, when the disk has much room. */
  fill(): Promise<void>
  /** Frees some room for a few small files; resolves to whether there was any. */
  share(): Promise<boolean>
  /** Frees all of its room for some work, and afterwards takes as much again as is free. */
  lend(work: () => Promise<void>): Promise<void>
}

/** Creates the reserve of a folder, which is a file that is really written, of bytes that no file system packs. */
export function createReserve(folder: string): Reserve {
  const path = join(folder, 'reserve')

  const size = async (): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0

  /** Writes up to a size, as far as the disk allows. */
  async function grow(to: number): Promise<void> {
    const from = await size()
    if (from >= to) return
    const file = await open(path, from === 0 ? 'w' : 'r+', FILE_MODE)
    try {
      await writeFully(file, randomBytes(to - from), from)
    } finally {
      await file.close()
    }
  }

  return {
    size,
    async fill() {
      try {
        const [{ bavail, bsize }, has] = await Promise.all([statfs(folder), size()])
        if (has < RESERVE_BYTES && bavail * bsize >= ROOM_FACTOR * RESERVE_BYTES) await grow(RESERVE_BYTES)
      } catch {
        // It is tried again later.
      }
    },
    async share() {
      try {
        const has = await size()
        if (has > 0) await truncate(path, Math.max(has - SHARE_BYTES, 0))
        return has > 0
      } catch {
        return false
      }
    },
    async lend(work) {
      const has = await size()
      await rm(path, { force: true }).catch(() => undefined)
      try {
        await work()
      } finally {
        await grow(has).catch(() => undefined) // a part of it is better than nothing
      }
    },
  }
}
