import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../../../lib/base/errors'
import type { ProcessName } from './process'
import { FILE_MODE, isFull, storeUnavailable, writeFully } from '../system'

/** A lock file of some process. */
export interface Claim {
  readonly name: string
  readonly path: string
  readonly owner: ProcessName | undefined
  /** Whether it has the folder; else it asks for the folder. */
  readonly holds: boolean
  /** Changes with each heartbeat of its process. Only the change counts: clocks jump, and those of two hosts differ. */
  readonly heartbeat: string
}

/** The beginning of the name of each lock file. */
export const PREFIX = 'lock-'

/**
 * Writes a lock file, of the same number of bytes whether it holds or asks, so that a reader sees one of them whole. On a
 * full disk it tries again when `makeRoom` says that there is some room. Rejects with `ERR_STORE_UNAVAILABLE`.
 */
export async function writeClaim(
  path: string,
  self: ProcessName,
  holds: boolean,
  makeRoom: () => Promise<boolean>,
): Promise<void> {
  const text = `${JSON.stringify({ ...self, holds: holds ? 1 : 0 })}\n`
  try {
    await writeText(path, text, holds)
  } catch (error) {
    if (!isFull(error) || !(await makeRoom())) throw storeUnavailable('write the lock', path, error)
    await writeText(path, text, holds).catch((again: unknown) => {
      throw storeUnavailable('write the lock', path, again)
    })
  }
}

async function writeText(path: string, text: string, isThere: boolean): Promise<void> {
  const file = await open(path, isThere ? 'r+' : 'wx', FILE_MODE)
  try {
    await writeFully(file, Buffer.from(text), 0)
  } catch (error) {
    if (!isThere) await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Reads all lock files but our own. */
export async function readClaims(folder: string, own: string): Promise<readonly Claim[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX) && name !== own)
  const claims = await Promise.all(names.map((name) => readClaim(folder, name)))
  return claims.filter((claim) => claim !== undefined)
}

/** Opens the file before it reads the time: by the name alone, a network file system may return an old time. */
async function readClaim(folder: string, name: string): Promise<Claim | undefined> {
  const path = join(folder, name)
  try {
    const file = await open(path, 'r')
    try {
      const [{ mtimeMs }, text] = [await file.stat(), await file.readFile('utf8')]
      return { name, path, heartbeat: `${mtimeMs} ${text}`, ...parseClaim(text) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined // it was removed just now
    throw storeUnavailable('read the lock', path, error)
  }
}

/** Returns no owner when the file is not written yet, or its process died before it wrote it. */
function parseClaim(text: string): Pick<Claim, 'owner' | 'holds'> {
  try {
    const { pid, start, host, scope, holds }: Record<string, unknown> = JSON.parse(text)
    if (typeof pid !== 'number' || typeof start !== 'string') throw new TypeError('no process')
    return { owner: { pid, start, host: String(host), scope: String(scope) }, holds: holds === 1 }
  } catch {
    return { owner: undefined, holds: false }
  }
}
