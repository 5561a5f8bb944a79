import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect } from '@jest/globals'
import { createFileLedger, type FileLedgerOptions } from '../../adapters/stores/file/ledger'
import type { Ledger, LedgerHandlers, RecordKind } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { GONE } from '../helpers/ledger-place'
import type { LogLine } from '../helpers/use-hosts'

export const HOUR = 60 * 60_000
/** What a ledger leaves in its folder when it is closed. */
const STAY: ReadonlySet<string> = new Set(['journal', 'reserve'])

export interface FileLedgers {
  /** The folder of the test; each test has a new one. */
  readonly folder: string
  readonly journal: string
  readonly clock: FakeClock
  readonly log: readonly LogLine[]
  create(options?: Partial<FileLedgerOptions>): Ledger
  open(options?: Partial<FileLedgerOptions>, handlers?: Partial<LedgerHandlers>): Promise<Ledger>
  /** Resolves when a record is gone; no time passes meanwhile, but what is due now is told. */
  untilGone(ledger: Ledger, kind: RecordKind, id: string): Promise<void>
  /** The operations in the journal, as JSON text. */
  lines(): readonly string[]
}

/** Returns the lines of operations, as the journal has them: with a checksum of the number and the text. */
export function sealed(texts: readonly string[], first = 1): string {
  return texts.map((text, index) => seal(`${first + index} ${text}`)).join('')
}

const check = (text: string): string => crc32(text).toString(16).padStart(8, '0')
const seal = (text: string): string => `${check(text)} ${text}\n`

/** Returns the first line of a journal. */
export function headerOf(fields: Readonly<Record<string, unknown>> = {}): string {
  const text = JSON.stringify({ format: 'express-callbacks journal', version: 2, first: 1, ...fields })
  return `${text.slice(0, -1)},"check":"${check(text)}"}`
}

/** Gives ledgers in a folder of the test; afterwards they are closed, and no timer, lock or temporary file is left. */
export function useFileLedgers(): FileLedgers {
  const ledgers: Ledger[] = []
  const log: LogLine[] = []
  let folder = ''
  let clock = createFakeClock()
  const note =
    (level: LogLine['level']) =>
    (details: object, message: string): void =>
      void log.push({ level, message, details })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-ledger-'))
    clock = createFakeClock()
  })
  afterEach(async () => {
    for (const ledger of ledgers.splice(0)) await ledger.close()
    expect(clock.timers).toBe(0)
    expect(readdirSync(folder).filter((name) => !STAY.has(name))).toEqual([])
    rmSync(folder, { recursive: true })
    log.length = 0
  })

  function create(options: Partial<FileLedgerOptions> = {}): Ledger {
    const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
    const ledger = createFileLedger({ path: folder, sync: 'always', clock, logger, ...options })
    ledgers.push(ledger)
    return ledger
  }

  return {
    log,
    get folder() {
      return folder
    },
    get journal() {
      return join(folder, 'journal')
    },
    get clock() {
      return clock
    },
    create,
    async open(options, handlers) {
      const ledger = create(options)
      const none = { onDue: async () => GONE, onMessage: () => undefined, onBack: () => undefined }
      await ledger.open({ ...none, ...handlers })
      return ledger
    },
    async untilGone(ledger, kind, id) {
      while ((await ledger.read(kind, id)) !== undefined) {
        clock.advance(0)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    lines: () =>
      readFileSync(join(folder, 'journal'), 'utf8')
        .split('\n')
        .slice(1, -1)
        .map((line) => line.replace(/^[0-9a-f]{8} -?\d+ /, '')),
  }
}
