import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import { ROOT } from './pages'

/** What a newcomer has beside the block. */
export interface Surroundings {
  /** Other files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Runs code as a newcomer would: a file in a folder in which the package is installed. Returns what it prints. */
export interface Newcomer {
  run(code: string, surroundings?: Surroundings): Promise<string>
}

/** Creates the folder of a newcomer before the tests of a file, and removes it after them. Port 8090 is a free one. */
export function useNewcomer(): Newcomer {
  let folder = ''

  beforeAll(() => {
    const cache = join(ROOT, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    folder = mkdtempSync(join(cache, 'newcomer-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules', 'express-callbacks'))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  return {
    async run(code, { files = {}, env = {} } = {}) {
      const [port] = await findFreePorts(1)
      const place = mkdtempSync(join(folder, 'app-'))
      const all = Object.entries({ ...files, 'app.mjs': code })
      for (const [name, text] of all) writeFileSync(join(place, name), text.replaceAll('8090', String(port)))
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(place, 'app.mjs')], {
        cwd: place,
        env: { ...process.env, ...env },
      })
      expect(stderr).toBe('')
      return stdout
    },
  }
}
