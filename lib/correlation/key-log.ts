import type { Delivery } from '../types'

/** Somebody waits for a callback. */
export interface WaitEntry {
  readonly is: 'wait'
  readonly wait: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  readonly until: number
}

/** A callback came. */
export interface OutcomeEntry {
  readonly is: 'outcome'
  /** The outcome as it is kept. */
  readonly kept: unknown
  readonly at: number
  /** How long it is kept when nobody waits. */
  readonly until: number
  /** The run that it has started. */
  readonly run?: string | undefined
}

/**
 * Why a wait is over: an outcome came for one of its ids, and is safe, so that all of them are settled; its time was up,
 * which does not touch what had come before; nobody wants what comes, or has come, under this key.
 */
export type EndReason = 'settled' | 'late' | 'cancelled'

/** A wait is over. */
export interface EndEntry {
  readonly is: 'end'
  readonly wait: string
  readonly at: number
  readonly why: EndReason
}

/**
 * Written by 0.4 before it removed a record in which nothing counted any more: if this is the entry of that index, what
 * stands before it does not count.
 */
export interface OverEntry {
  readonly is: 'over'
  readonly index: number
}

export type KeyEntry = WaitEntry | OutcomeEntry | EndEntry | OverEntry

/** What a record of the kind `key` is created with. */
export interface KeyData {
  /** Tells it apart from an earlier record of the same key. */
  readonly born: string
  /** Without ids: the oldest wait gets the next callback, and nothing is remembered as settled. */
  readonly anonymous: boolean
  /** Whether it is remembered that somebody waited in vain, since another callback would be an event. */
  readonly remembers: boolean
}

/** A wait that has not ended, with the callback that came for it. */
export interface KeyWait {
  readonly until: number
  got?: OutcomeEntry
}

/** What a log of one id on one endpoint says. */
export interface KeyState {
  /** How many entries it was read from. */
  length: number
  readonly waits: Map<string, KeyWait>
  /** Callbacks that nobody has waited for; of one id there is but one. */
  parked: OutcomeEntry[]
  settledAt: number | undefined
  /** When somebody waited last. */
  waitedAt: number | undefined
}

/** How much longer than its last moment a wait counts, so that clocks need not agree; one that is over says so itself. */
const GRACE_MS = 60_000

/** How long it takes at most until a process has taken what came for its wait. */
const TAKEN_MS = 10_000

/** How long an id that is settled, or was waited for in vain, is remembered. */
export const REMEMBER_MS = 24 * 60 * 60 * 1000

/** Reads a log from its beginning. */
export function readKeyLog(log: readonly unknown[], anonymous: boolean): KeyState {
  const state: KeyState = {
    length: 0,
    waits: new Map(),
    parked: [],
    settledAt: undefined,
    waitedAt: undefined,
  }
  for (const entry of log) applyEntry(state, entry as KeyEntry, anonymous)
  return state
}

/**
 * Reads one more entry, and says what became of it when it is an outcome. Everybody comes to the same conclusion, since
 * everybody sees the entries in one order and nothing else counts.
 */
export function applyEntry(state: KeyState, entry: KeyEntry, anonymous: boolean): Delivery | undefined {
  const index = state.length
  state.length += 1
  switch (entry.is) {
    case 'wait':
      open(state, entry, anonymous)
      return undefined
    case 'outcome':
      return hand(state, entry, anonymous)
    case 'end':
      end(state, entry, anonymous)
      return undefined
    case 'over':
      if (entry.index === index) forget(state)
      return undefined
  }
}

function forget(state: KeyState): void {
  state.waits.clear()
  state.parked = []
  state.settledAt = undefined
  state.waitedAt = undefined
}

/** The waits that a callback of this moment ends. */
export function waitsAt(state: KeyState, at: number, anonymous: boolean): readonly KeyWait[] {
  const ready = [...state.waits.values()].filter(({ got, until }) => got === undefined && until + GRACE_MS > at)
  return anonymous ? ready.slice(0, 1) : ready
}

/** Until when something of a log counts, in milliseconds since the epoch; `undeliveredMs` is how long a callback is kept for its wait. */
export function liveUntil(state: KeyState, { anonymous, remembers }: KeyData, undeliveredMs: number): number {
  const ends = [...state.waits.values()].map(({ until, got }) =>
    Math.max(until + GRACE_MS, got ? got.at + undeliveredMs : 0),
  )
  ends.push(...state.parked.map(({ until }) => until))
  if (state.settledAt !== undefined && !anonymous) ends.push(state.settledAt + REMEMBER_MS)
  if (state.waitedAt !== undefined && remembers) ends.push(state.waitedAt + REMEMBER_MS)
  return Math.max(0, ...ends)
}

/** Whether an outcome of this moment would only repeat one. */
export function isDuplicate({ settledAt, parked }: KeyState, at: number): boolean {
  return (settledAt !== undefined && settledAt + REMEMBER_MS > at) || parked.some(({ until }) => until > at)
}

/** A wait that is registered again, after a crash, stays what it was. */
function open(state: KeyState, { wait, at, until }: WaitEntry, anonymous: boolean): void {
  if (state.waits.has(wait)) return
  const first = state.parked.find((parked) => parked.until > at) ?? (anonymous ? undefined : findUntaken(state, at))
  state.parked = state.parked.filter((parked) => parked !== first)
  state.waits.set(wait, first === undefined ? { until } : { until, got: first })
  state.settledAt = first === undefined || anonymous ? undefined : at
  state.waitedAt = at
}

/** What came for a wait whose process has died, as nobody has said for a while that it is taken; the next wait gets it too. */
function findUntaken({ waits }: KeyState, at: number): OutcomeEntry | undefined {
  return [...waits.values()].find(({ got }) => got !== undefined && got.at + TAKEN_MS <= at)?.got
}

/** What has started a run ends no wait, also one that was registered meanwhile. */
function hand(state: KeyState, entry: OutcomeEntry, anonymous: boolean): Delivery {
  const waits = entry.run === undefined ? waitsAt(state, entry.at, anonymous) : []
  for (const wait of waits) wait.got = entry
  if (waits.length === 0 && !anonymous && isDuplicate(state, entry.at)) return 'duplicate'
  if (!anonymous && (waits.length > 0 || entry.run !== undefined)) state.settledAt = entry.at
  if (waits.length > 0) return 'settled'
  if (entry.run !== undefined) return 'started'
  state.parked.push(entry)
  return 'parked'
}

function end(state: KeyState, { wait, at, why }: EndEntry, anonymous: boolean): void {
  const got = state.waits.get(wait)?.got
  if (why === 'late' && got) return
  if (!state.waits.delete(wait)) return
  if (anonymous) {
    if (got && why === 'cancelled') giveBack(state, got, at)
    return
  }
  if (why !== 'settled') {
    state.waitedAt = at
    return
  }
  state.settledAt = at
  state.parked = []
}

/** A callback without an id is for whoever waits next, when it came for a wait that does not want it. */
function giveBack(state: KeyState, entry: OutcomeEntry, at: number): void {
  const [next] = waitsAt(state, at, true)
  if (next) next.got = entry
  else state.parked.unshift(entry)
}
