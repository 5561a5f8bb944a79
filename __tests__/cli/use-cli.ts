import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, expect } from '@jest/globals'
import { main } from '../../lib/cli/main'
import type { Output } from '../../lib/cli/io'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

export interface CliOptions {
  /** Files of the working directory, by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** What is typed, or what types it. */
  readonly stdin?: string | Readable
  /** The working directory; default: a folder of its own with the files. */
  readonly cwd?: string
  readonly isTTY?: boolean
  /** What runs; default: the command line. */
  readonly command?: typeof main
}

/** What somebody wrote, and the means to wait for it. */
export interface Written {
  readonly text: string
  readonly lines: readonly string[]
  /** Resolves with the first match, once it has been written. */
  shows(pattern: RegExp): Promise<RegExpExecArray>
}

/** A command that runs in this process. */
export interface RunningCli {
  readonly code: Promise<number>
  readonly stdout: Written
  readonly stderr: Written
  readonly clock: FakeClock
  /** Ctrl-C. */
  interrupt(): void
  /** Types a line and Enter. */
  type(line: string): void
}

export interface EndedCli {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Gives folders for one test each. */
export function useFolders(): (files?: Readonly<Record<string, string>>) => string {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  return (files = {}) => {
    const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-cli-'))
    folders.push(folder)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return folder
  }
}

/** Runs the command line in this process; afterwards every command has ended and listens for no signal. */
export function useCli() {
  const createFolder = useFolders()
  const started: RunningCli[] = []
  let listening = 0

  afterEach(async () => {
    for (const { code, interrupt } of started.splice(0)) {
      interrupt()
      interrupt()
      await code
    }
    expect(listening).toBe(0)
  })

  function start(
    argv: readonly string[],
    { files = {}, env = {}, stdin = '', cwd = createFolder(files), isTTY, command = main }: CliOptions = {},
  ): RunningCli {
    const clock = createFakeClock()
    const stdout = createOutput(isTTY)
    const stderr = createOutput(isTTY)
    const handlers = new Set<() => void>()
    const readers = new Set<(line: string) => void>()
    const code = command(argv, {
      stdout,
      stderr,
      stdin: Object.assign(typeof stdin === 'string' ? Readable.from([stdin]) : stdin, { isTTY }),
      env,
      cwd,
      now: clock.now,
      clock,
      onLine(handler) {
        readers.add(handler)
        listening += 1
        return () => {
          if (readers.delete(handler)) listening -= 1
        }
      },
      onSignal(handler) {
        handlers.add(handler)
        listening += 1
        return () => {
          if (handlers.delete(handler)) listening -= 1
        }
      },
    })
    const interrupt = (): void => {
      for (const handler of handlers) handler()
    }
    const type = (line: string): void => {
      for (const reader of readers) reader(line)
    }
    const running = { code, stdout, stderr, clock, interrupt, type }
    started.push(running)
    return running
  }

  return {
    start,
    async run(argv: readonly string[], options?: CliOptions): Promise<EndedCli> {
      const { code, stdout, stderr } = start(argv, options)
      return { code: await code, stdout: stdout.text, stderr: stderr.text }
    },
  }
}

function createOutput(isTTY: boolean | undefined): Output & Written {
  const waiting = new Set<() => void>()
  let text = ''
  return {
    isTTY,
    write(more) {
      text += more
      for (const check of waiting) check()
    },
    get text() {
      return text
    },
    get lines() {
      return text.split('\n').slice(0, -1)
    },
    shows(pattern) {
      return new Promise((resolve) => {
        const check = (): void => {
          const found = pattern.exec(text)
          if (found === null) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    },
  }
}
