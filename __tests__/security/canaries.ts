import { inspect } from 'node:util'
import { afterEach, expect } from '@jest/globals'
import type { Callbacks, CallbacksOptions, EventName } from '../../lib'

/** Everything that somebody could read, and the secrets that must not stand in it. */
export interface Canaries {
  /** Gives a secret that stands nowhere else. */
  plant(name: string): string
  /** Keeps what somebody can read: a text, or anything else with all that is in it. */
  see(where: string, what: unknown): void
  /** A logger whose lines are seen, debug lines too. */
  readonly logger: NonNullable<CallbacksOptions['logger']>
  /** Sees every event from now on. */
  watch(hooks: Callbacks): void
  /** The places that were seen, to be sure that a test got there. */
  seen(where: string): readonly string[]
}

const EVENTS = Object.keys({
  received: true,
  settled: true,
  failed: true,
  pending: true,
  parked: true,
  duplicate: true,
  filtered: true,
  unidentified: true,
  rejected: true,
  expired: true,
  started: true,
  gateway: true,
  task: true,
  job: true,
  warning: true,
  error: true,
} satisfies Record<EventName, true>) as readonly EventName[]

/** Gives canaries for one test each; afterwards nothing that was seen holds one, in any spelling or cut short. */
export function useCanaries(): Canaries {
  const planted = new Map<string, string>()
  let seen: { readonly where: string; readonly text: string }[] = []

  afterEach(() => {
    const leaks = seen.flatMap(({ where, text }) =>
      [...planted].flatMap(([name, secret]) =>
        spellings(name, secret)
          .filter((one) => text.includes(one))
          .map((one) => `${name} in ${where}: ${excerpt(text, one)}`),
      ),
    )
    const count = seen.length
    planted.clear()
    seen = []
    expect(leaks).toEqual([])
    expect(count).toBeGreaterThan(0)
  })

  const write = (level: string) => (details: object, message: string) => {
    see(`log ${level}`, message)
    see(`log ${level}`, details)
  }

  function see(where: string, what: unknown): void {
    seen.push({ where, text: show(what) })
  }

  return {
    plant(name) {
      const secret = `${beginning(name)}-7f3a +/=&"end`
      planted.set(name, secret)
      return secret
    },
    see,
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    watch(hooks) {
      for (const name of EVENTS) hooks.on(name, (event) => see(`event ${name}`, event))
    },
    seen: (where) => seen.filter((one) => one.where === where).map(({ text }) => text),
  }
}

function excerpt(text: string, found: string): string {
  const at = text.indexOf(found)
  return text.slice(Math.max(at - 150, 0), at + 50)
}

/** Long enough to be told from others, and without a character that anything escapes. */
function beginning(name: string): string {
  return `canary.${name}.`
}

function spellings(name: string, secret: string): readonly string[] {
  const inBase64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1)
  return [beginning(name), inBase64(secret), inBase64(`user:${secret}`), inBase64(`:${secret}`), inBase64(`x${secret}`)]
}

/** As people print it, and as programs write it. */
function show(what: unknown): string {
  if (typeof what === 'string') return what
  const printed = inspect(what, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null })
  try {
    return `${printed} ${JSON.stringify(what)}`
  } catch {
    return printed
  }
}
