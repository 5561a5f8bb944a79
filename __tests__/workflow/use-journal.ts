import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from '@jest/globals'
import { type Callbacks, callbacks, type CallbacksConfig } from '../../lib'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

/** A request of a workflow. */
export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** What a service answers; nothing when its answer never comes. */
export type Service = (
  sent: Sent,
) =>
  { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown } | undefined

/** A process whose store is a folder. */
export interface Life {
  readonly hooks: Callbacks
  readonly clock: FakeClock
  readonly sent: readonly Sent[]
  /** What was told of tasks: `running`, `succeeded` … */
  readonly told: readonly string[]
  readonly log: readonly string[]
  /** The journal by now, line by line. */
  lines(): readonly string[]
  /** Lets time go by until something is so; `nudge` is called again and again. */
  until(isSo: () => boolean | Promise<boolean>, nudge?: () => void): Promise<void>
}

export interface Journal {
  /** Begins a process with a journal of these lines, at a time; without them, with none. */
  begin(
    config: CallbacksConfig,
    service: Service,
    lines?: readonly string[],
    now?: number,
    fetch?: typeof globalThis.fetch,
  ): Promise<Life>
}

/** The clock of these tests runs ahead of a slow disk; a file system in memory is never slow. */
const IN_MEMORY = '/dev/shm'
const TURNS = 20
const STEP_MS = 500
const LONGEST_MS = 10_000

/** Gives processes that begin with any journal, such as one that a crash has cut off; afterwards they are closed. */
export function useJournal(): Journal {
  let folder = ''
  let count = 0
  let lives: Callbacks[] = []

  beforeEach(() => {
    folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'callbacks-journal-'))
    lives = []
  })
  afterEach(async () => {
    for (const hooks of lives) await hooks.close()
    rmSync(folder, { recursive: true, force: true })
  })

  return {
    async begin(config, service, lines, now, fetch) {
      count += 1
      const path = join(folder, String(count))
      mkdirSync(path)
      if (lines) writeFileSync(join(path, 'journal'), lines.map((line) => `${line}\n`).join(''))
      const clock = createFakeClock(now)
      const sent: Sent[] = []
      const log: string[] = []
      const told: string[] = []
      const note = (_details: object, message: string): void => void log.push(message)
      const hooks = callbacks(
        { ...config, store: { type: 'file', path, sync: 'interval' } },
        {
          clock,
          fetch: fetch ?? createFetch(service, sent),
          logger: { debug: note, info: note, warn: note, error: note },
        },
      )
      hooks.on('task', ({ status }) => void told.push(status))
      lives.push(hooks)
      await hooks.open()
      return {
        hooks,
        clock,
        sent,
        told,
        log,
        lines: () => readFileSync(join(path, 'journal'), 'utf8').split('\n').slice(0, -1),
        async until(isSo, nudge = () => undefined) {
          // The journal is a real file: on a busy machine its writes take longer than turns do.
          const latest = Date.now() + LONGEST_MS
          for (let turn = 0; turn < 2000 || Date.now() < latest; turn += 1) {
            if (await isSo()) return
            nudge()
            for (let inner = 0; inner < TURNS; inner += 1) await new Promise((resolve) => setImmediate(resolve))
            clock.advance(STEP_MS)
          }
          throw new Error(`It never came true; the log says: ${log.join('; ')}`)
        },
      }
    },
  }
}

function createFetch(service: Service, sent: Sent[]): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const text = typeof init?.body === 'string' ? init.body : '{}'
    const one = {
      method: init?.method ?? 'GET',
      path: url.pathname,
      headers: new Headers(init?.headers),
      body: JSON.parse(text),
    }
    sent.push(one)
    const answer = service(one)
    if (answer === undefined) return new Promise(() => undefined)
    return Response.json(answer.body ?? null, { status: answer.status ?? 200, headers: answer.headers ?? {} })
  }
}
