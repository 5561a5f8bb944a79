import { randomBytes } from 'node:crypto'
import { rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { CallbackError, codeOf } from '../../../../lib/base/errors'
import { sleep, unref } from '../../../../lib/base/timers'
import type { Clock, Logger } from '../../../../lib/base/contracts'
import { type Claim, PREFIX, readClaims, writeClaim } from './claims'
import { isNear, lives, nameThisProcess, type ProcessName } from './process'

export interface LockOptions {
  readonly folder: string
  readonly clock: Clock
  readonly logger: Logger
  /** Aborts when the lock is no longer wanted. */
  readonly signal: AbortSignal
  /** Called when a process on another host has taken the folder, since this one seemed dead. */
  readonly onLost: () => void
  /** Makes room for a small file on a full disk; resolves to whether it could. */
  readonly makeRoom: () => Promise<boolean>
}

/** A folder that one ledger has for itself. */
export interface Lock {
  /**
   * Looks whether the lock still exists, after a time without heartbeats in which another process may have taken the folder
   * (SIGSTOP, a paused container, a sleeping laptop). Calls `onLost` when the lock is gone.
   */
  check(): Promise<void>
  release(): Promise<void>
}

const HEARTBEAT_MS = 4000
/** How long after a heartbeat the lock need not be checked: half the time after which others take it for dead. */
const TRUSTED_MS = 10_000
/** A process on another host counts as dead after so long without a heartbeat. */
const DEAD_MS = 20_000
/** How long this process waits for the lock of another one before it logs that. */
const TELL_MS = 3000
const FAR_PAUSE_MS = 1000
const NEAR_PAUSE_MS = 20

/**
 * Takes a folder for one ledger alone. The lock of a killed process does not count. A process that wants the folder first
 * writes its own lock file and then looks for others, so that of two processes at least one sees the other. No two files
 * have the same name, so a dead one is removed without harm. Of two processes that ask at the same time, the one with the
 * lower name goes first. Whether a process on another host or in another container lives cannot be seen; its lock is
 * watched until its heartbeat changes, or has not changed for 20 seconds. Rejects with `ERR_STORE_UNAVAILABLE`.
 */
export async function takeLock({ folder, clock, logger, signal, onLost, makeRoom }: LockOptions): Promise<Lock> {
  const self = await nameThisProcess()
  const name = `${PREFIX}${randomBytes(8).toString('hex')}`
  const path = join(folder, name)
  const sinceBeat = createStopwatch(clock)
  let timer = startTimer()

  function startTimer(): unknown {
    const started = clock.setTimeout(() => {
      timer = startTimer()
      void beatOrLose()
    }, HEARTBEAT_MS)
    unref(started)
    return started
  }

  async function beatOrLose(): Promise<void> {
    try {
      await beat()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') onLost()
    }
  }

  async function beat(): Promise<void> {
    const restart = sinceBeat.mark()
    const seconds = clock.now() / 1000
    await utimes(path, seconds, seconds)
    restart()
  }

  async function release(): Promise<void> {
    clock.clearTimeout(timer)
    await rm(path, { force: true })
  }

  try {
    await writeClaim(path, self, false, makeRoom)
    await beat()
    const watch = createWatch({ folder, name, self, logger })
    for (let pauseMs = await watch(0); pauseMs > 0; pauseMs = await watch(pauseMs)) await sleep(clock, pauseMs, signal)
    await writeClaim(path, self, true, makeRoom)
    await beat()
  } catch (error) {
    await release()
    throw error
  }
  return {
    async check() {
      if (sinceBeat.ms() >= TRUSTED_MS) await beatOrLose()
    },
    release,
  }
}

interface Stopwatch {
  ms(): number
  /** Notes this moment, and returns a function that restarts the stopwatch from it. */
  mark(): () => void
}

/**
 * Creates a stopwatch. It measures by the time of day and by a steady clock, and the longer time counts: the time of day may
 * be set back, and on some systems the steady clock stops while the machine sleeps.
 */
function createStopwatch(clock: Clock): Stopwatch {
  const read = () => ({ day: clock.now(), steady: performance.now() })
  let start = read()
  return {
    ms() {
      const { day, steady } = read()
      return Math.max(day - start.day, steady - start.steady)
    },
    mark() {
      const marked = read()
      return () => void (start = marked)
    },
  }
}

interface Watched {
  readonly folder: string
  /** The name of our own lock, which is left out. */
  readonly name: string
  readonly self: ProcessName
  readonly logger: Logger
}

/** What was seen of a lock so far. */
interface Sight {
  readonly heartbeat: string
  /** How long it has not changed. Pauses are counted, since the time of day may be set meanwhile. */
  readonly stillMs: number
}

/**
 * Creates a function that looks at the locks of others, and removes dead ones. It takes the time since the last look, and
 * resolves to the time until the next one: 0 when no other process has a claim.
 */
function createWatch({ folder, name, self, logger }: Watched): (passedMs: number) => Promise<number> {
  const sights = new Map<string, Sight>()
  let waitedMs = 0
  let isTold = false

  function see({ name: other, heartbeat }: Claim, passedMs: number): Sight & { readonly isBeating: boolean } {
    const before = sights.get(other)
    const isBeating = before !== undefined && before.heartbeat !== heartbeat
    const stillMs = before === undefined || isBeating ? 0 : before.stillMs + passedMs
    sights.set(other, { heartbeat, stillMs })
    return { heartbeat, stillMs, isBeating }
  }

  return async (passedMs) => {
    let pauseMs = 0
    waitedMs += passedMs
    for (const claim of await readClaims(folder, name)) {
      const { owner, holds, path } = claim
      const { stillMs, isBeating } = see(claim, passedMs)
      const isFar = owner !== undefined && !isNear(owner, self)
      const isDead = owner === undefined || isFar ? stillMs >= DEAD_MS : !(await lives(owner))
      if (isDead) {
        await rm(path, { force: true })
        continue
      }
      const goesFirst = holds || claim.name < name
      if (owner !== undefined && goesFirst && (isBeating || !isFar)) throw inUse(folder, owner, self)
      pauseMs = Math.max(pauseMs, isFar ? FAR_PAUSE_MS : NEAR_PAUSE_MS)
      if (waitedMs >= TELL_MS && !isTold) {
        isTold = true
        tellOfWait(logger, claim)
      }
    }
    return pauseMs
  }
}

function tellOfWait(logger: Logger, { owner, path }: Claim): void {
  const whose = owner === undefined ? 'a process that has not written its name' : describe(owner)
  const message =
    `The store waits for the lock ${path} of ${whose}. Whether that one lives cannot be seen from here; when its lock ` +
    `does not change for ${DEAD_MS / 1000} seconds, it counts as dead. If it has ended, remove the file to go on at once`
  logger.warn({ path, pid: owner?.pid, host: owner?.host }, message)
}

function describe({ pid, host }: ProcessName): string {
  return `the process ${pid} on the host ${host}`
}

function inUse(folder: string, owner: ProcessName, self: ProcessName): CallbackError {
  const near = isNear(owner, self)
  const message =
    near && owner.pid === self.pid
      ? `The folder ${folder} is in use by this process (${self.pid}) already: give every store a store.path of its own`
      : `The folder ${folder} is in use by ${near ? `the process ${owner.pid}` : describe(owner)}: stop it first, or ` +
        'choose another store.path. Several processes can share a store of the type redis or postgres'
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
