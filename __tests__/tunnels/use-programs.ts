import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from '@jest/globals'
import type { Tunnel, TunnelDriver, TunnelRequest } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { lives, until } from './processes'

/** One attempt to open a tunnel, and what it told. */
export interface Attempt {
  readonly tunnel: Promise<Tunnel>
  readonly request: TunnelRequest
  readonly clock: FakeClock
  /** What the program wrote. */
  readonly lines: readonly string[]
  /** Later public URLs. */
  readonly urls: readonly string[]
  /** Aborts the request. */
  abort(reason: unknown): void
  /** Resolves once the program has written this. */
  wrote(text: string): Promise<void>
}

/** Gives a folder for programs of one test each; afterwards no program runs, no timer is set and the folder is gone. */
export function usePrograms() {
  const folders: string[] = []
  const attempts: Attempt[] = []

  function createFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-programs-'))
    folders.push(folder)
    return folder
  }

  afterEach(async () => {
    for (const { tunnel, clock, abort } of attempts.splice(0)) {
      abort(new Error('the test is over'))
      await tunnel.then(({ close }) => close()).catch(() => undefined)
      expect(clock.timers).toBe(0)
    }
    for (const folder of folders.splice(0)) {
      for (const name of readdirSync(folder).filter((one) => one.endsWith('.pid'))) {
        const pid = Number(readFileSync(join(folder, name), 'utf8'))
        await until(() => pid === 0 || !lives(pid)) // 0: it was killed before it could say
      }
      rmSync(folder, { recursive: true })
    }
  })

  /** Writes a shell script, which leaves its process id beside it, and gives its path. */
  function write(script: string, name = 'program', folder = createFolder()): string {
    const file = join(folder, name)
    writeFileSync(file, `#!/bin/sh\necho $$ > "$0.$$.pid"\n${script}\n`, { mode: 0o755 })
    return file
  }

  function open(driver: TunnelDriver, over: Partial<TunnelRequest> = {}): Attempt {
    const clock = createFakeClock()
    const lines: string[] = []
    const urls: string[] = []
    const wanted = new AbortController()
    const skip = (): void => undefined
    const request: TunnelRequest = {
      port: 8090,
      host: '127.0.0.1',
      options: {},
      env: { PATH: process.env['PATH'] },
      logger: { debug: (_details, message) => void lines.push(message), info: skip, warn: skip, error: skip },
      clock,
      signal: wanted.signal,
      previousUrl: undefined,
      onPublicUrl: (url) => void urls.push(url),
      ...over,
    }
    const tunnel = driver(request)
    tunnel.catch(() => undefined)
    const attempt = {
      tunnel,
      request,
      clock,
      lines,
      urls,
      abort: (reason: unknown) => wanted.abort(reason),
      wrote: (text: string) => until(() => lines.some((line) => line.includes(text))),
    }
    attempts.push(attempt)
    return attempt
  }

  return { createFolder, write, open }
}

/** Keeps a shell script running until it is told to end. */
export const STAY = 'while :; do sleep 0.05; done'
