import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { CallbackError } from '../../../lib/errors'
import { sleep, unref } from '../../../lib/timers'
import type { Clock } from '../../../lib/types'
import { isNear, lives, nameThisProcess, type ProcessName } from './process'
import { codeOf, FILE_MODE, storeUnavailable } from './system'

export interface LockOptions {
  readonly folder: string
  readonly clock: Clock
  /** Aborts when the lock is not wanted any more. */
  readonly signal: AbortSignal
  /** Called when another host has taken over, since this process seemed dead to it. */
  readonly onLost: () => void
}

/** A folder that this ledger has for itself. */
export interface Lock {
  release(): Promise<void>
}

/** A lock file that somebody made. */
interface Claim {
  readonly name: string
  readonly path: string
  readonly owner: ProcessName | undefined
  /** Whether it has the folder; before that it only asks for it. */
  readonly holds: boolean
  readonly mtimeMs: number
}

const PREFIX = 'lock-'
const REFRESH_MS = 4000
/** How old the lock of another host is when its process is taken for dead. */
const DEAD_MS = 20_000
const FAR_PAUSE_MS = 1000
const NEAR_PAUSE_MS = 20

/**
 * Takes a folder for one ledger alone; the lock of a process that was killed counts no more. Everybody who wants the
 * folder first puts a lock file of their own there and then looks for others, so that of two at least one sees the other;
 * and since no two files have the same name, one that is dead is removed without harm. Of two who ask at the same time
 * the one with the lower name goes first. A process on another host, or in another container, cannot be looked for: its
 * lock is refreshed while it lives, and waited for until that shows. Rejects with `ERR_STORE_UNAVAILABLE`.
 */
export async function takeLock({ folder, clock, signal, onLost }: LockOptions): Promise<Lock> {
  const self = await nameThisProcess()
  const name = `${PREFIX}${randomBytes(8).toString('hex')}`
  const path = join(folder, name)
  let timer = startTimer()

  function startTimer(): unknown {
    const started = clock.setTimeout(() => {
      timer = startTimer()
      void refresh().catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') onLost()
      })
    }, REFRESH_MS)
    unref(started)
    return started
  }

  function refresh(): Promise<void> {
    const seconds = clock.now() / 1000
    return utimes(path, seconds, seconds)
  }

  async function release(): Promise<void> {
    clock.clearTimeout(timer)
    await rm(path, { force: true })
  }

  /** Gives how long to wait before looking again: not at all when nobody else has a claim. */
  async function look(seen: Map<string, number>): Promise<number> {
    let pauseMs = 0
    for (const claim of await readClaims(folder, name)) {
      if (await isDead(claim, self, clock)) {
        await rm(claim.path, { force: true })
        continue
      }
      const isRefreshed = claim.mtimeMs !== (seen.get(claim.name) ?? claim.mtimeMs)
      seen.set(claim.name, claim.mtimeMs)
      const { owner, holds } = claim
      const isFar = owner !== undefined && !isNear(owner, self)
      if (owner !== undefined && (holds ? !isFar || isRefreshed : claim.name < name)) throw inUse(folder, owner, self)
      pauseMs = Math.max(pauseMs, isFar ? FAR_PAUSE_MS : NEAR_PAUSE_MS)
    }
    return pauseMs
  }

  try {
    await writeClaim(path, self, false)
    await refresh()
    const seen = new Map<string, number>()
    for (let pauseMs = await look(seen); pauseMs > 0; pauseMs = await look(seen)) await sleep(clock, pauseMs, signal)
    await writeClaim(path, self, true)
    await refresh()
  } catch (error) {
    await release()
    throw error
  }
  return { release }
}

/** Writes the same number of bytes for both, so that a reader sees one of them whole. */
async function writeClaim(path: string, self: ProcessName, holds: boolean): Promise<void> {
  const text = `${JSON.stringify({ ...self, holds: holds ? 1 : 0 })}\n`
  try {
    const file = await open(path, holds ? 'r+' : 'wx', FILE_MODE)
    try {
      await file.write(text, 0)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw storeUnavailable('write the lock', path, error)
  }
}

async function readClaims(folder: string, own: string): Promise<readonly Claim[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX) && name !== own)
  const claims = await Promise.all(names.map((name) => readClaim(folder, name)))
  return claims.filter((claim) => claim !== undefined)
}

async function readClaim(folder: string, name: string): Promise<Claim | undefined> {
  const path = join(folder, name)
  try {
    const { mtimeMs } = await stat(path)
    return { name, path, mtimeMs, ...parseClaim(await readFile(path, 'utf8')) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined // it was given up just now
    throw storeUnavailable('read the lock', path, error)
  }
}

/** Without an owner when it is not written yet, or its process died before. */
function parseClaim(text: string): Pick<Claim, 'owner' | 'holds'> {
  try {
    const { pid, start, host, scope, holds }: Record<string, unknown> = JSON.parse(text)
    if (typeof pid !== 'number' || typeof start !== 'string') throw new TypeError('no process')
    return { owner: { pid, start, host: String(host), scope: String(scope) }, holds: holds === 1 }
  } catch {
    return { owner: undefined, holds: false }
  }
}

async function isDead({ owner, mtimeMs }: Claim, self: ProcessName, clock: Clock): Promise<boolean> {
  if (owner !== undefined && isNear(owner, self)) return !(await lives(owner))
  return clock.now() - mtimeMs > DEAD_MS
}

function inUse(folder: string, owner: ProcessName, self: ProcessName): CallbackError {
  const near = isNear(owner, self)
  const message =
    near && owner.pid === self.pid
      ? `The folder ${folder} is in use by this process (${self.pid}) already: give every store a store.path of its own`
      : `The folder ${folder} is in use by the process ${owner.pid}${near ? '' : ` on the host ${owner.host}`}: stop it ` +
        'first, or choose another store.path. Several processes can share a store of the type redis or postgres'
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
