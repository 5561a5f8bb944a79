import { copyFile, link, rm, stat } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { Logger } from '../../../../lib/base/contracts'
import { codeOf } from '../../../../lib/base/errors'
import type { Replayed } from './replay'
import { storeUnavailable } from '../system'

/** How many places a message names. */
const MAX_PLACES = 5

/**
 * Keeps a damaged journal as `journal.damaged-1` and so on, beside the new one; returns its path. Where the file system has
 * links, this needs no room. Rejects with `ERR_STORE_UNAVAILABLE` when the file cannot be kept.
 */
export async function keepAside(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const aside = `${path}.damaged-${number}`
    try {
      await linkOrCopy(path, aside)
      return aside
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw storeUnavailable('keep the damaged journal as', aside, error)
      if (await isSame(path, aside)) return aside // an earlier process has kept it
    }
  }
}

async function linkOrCopy(path: string, aside: string): Promise<void> {
  try {
    await link(path, aside)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error
    await copyFile(path, aside, constants.COPYFILE_EXCL).catch(async (failure: unknown) => {
      if (codeOf(failure) !== 'EEXIST') await rm(aside, { force: true })
      throw failure
    })
  }
}

async function isSame(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([stat(path), stat(other)])
  return one.ino === two.ino && one.dev === two.dev
}

/** Logs where a journal is damaged, what is lost, and where the damaged file is kept. */
export function tellOfDamage(logger: Logger, path: string, { places, lost, orphans }: Replayed, aside: string): void {
  const named = places.slice(0, MAX_PLACES).map(({ line, byte }) => `${path}:${line} (byte ${byte})`)
  const more = places.length > MAX_PLACES ? ` and ${places.length - MAX_PLACES} more` : ''
  const leftOut = orphans > 0 ? ` Lines left out, since the record that they change is not there: ${orphans}.` : ''
  const message =
    `The journal of the store is damaged at ${named.join(', ')}${more}. Lost lines: ${lost}.${leftOut} Every other line is ` +
    `read. The damaged file is kept as ${aside}: check the disk, and remove the file when nobody needs it`
  logger.error({ path, places: places.slice(0, MAX_PLACES), damaged: places.length, lost, orphans, aside }, message)
}

/** Logs that the last line of a journal is torn: its process died while it wrote it. */
export function tellOfTornLine(logger: Logger, path: string, tornBytes: number): void {
  const message =
    `The journal ${path} ended within a line, which was being written when its process died. The line is dropped; ` +
    'no sender was told that it was kept'
  logger.warn({ path, bytes: tornBytes }, message)
}
