import { getEventListeners } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { findCloudflared } from '../../adapters/tunnels/cloudflared/find'
import { requestOf } from './cloudflared-request'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'express-callbacks-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** Makes a program, by default one that can be run. */
function program(name: string, mode = 0o755): string {
  const file = join(folder, name)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n', { mode })
  return file
}

function notInstalled(): never {
  throw Object.assign(new Error("Cannot find module 'cloudflared'"), { code: 'MODULE_NOT_FOUND' })
}

function peerOf(
  bin: string,
  install: (to: string) => Promise<string> = async () => Promise.reject(new Error('unused')),
) {
  return () => ({ bin, install })
}

describe('cloudflared is found', () => {
  test('by bin, by CLOUDFLARED_BIN, of the package, in PATH, in this order', async () => {
    const files = {
      bin: program('one/cloudflared'),
      variable: program('two/cloudflared'),
      peer: program('three/cloudflared'),
      path: program('four/cloudflared'),
    }
    const env = { CLOUDFLARED_BIN: files.variable, PATH: join(folder, 'four') }
    const find = (options: object, over: object, load = peerOf(files.peer)) =>
      findCloudflared(requestOf(options, { env: { ...env, ...over } }), load)
    expect(await find({ bin: files.bin }, {})).toBe(files.bin)
    expect(await find({}, {})).toBe(files.variable)
    expect(await find({}, { CLOUDFLARED_BIN: '' })).toBe(files.peer)
    expect(await find({}, { CLOUDFLARED_BIN: undefined }, peerOf(join(folder, 'none')))).toBe(files.path)
    expect(await find({}, { CLOUDFLARED_BIN: undefined }, notInstalled)).toBe(files.path)
  })

  test('by a bin without a folder in PATH, and below the home folder', async () => {
    const file = program('bin/cloudflared-2026')
    const env = { PATH: join(folder, 'bin'), HOME: folder }
    expect(await findCloudflared(requestOf({ bin: 'cloudflared-2026' }, { env }), notInstalled)).toBe(file)
    expect(await findCloudflared(requestOf({ bin: '~/bin/cloudflared-2026' }, { env }), notInstalled)).toBe(file)
  })

  test('and not where npm put the script of the package', async () => {
    program('node_modules/.bin/cloudflared')
    const file = program('bin/cloudflared')
    const PATH = [join(folder, 'node_modules', '.bin'), join(folder, 'bin')].join(delimiter)
    expect(await findCloudflared(requestOf({}, { env: { PATH } }), notInstalled)).toBe(file)
  })

  test.each([{}, 'text', undefined, { bin: 7, install: 7 }])(
    'of a package of another shape: %j, is passed over',
    async (peer) => {
      const file = program('bin/cloudflared')
      expect(await findCloudflared(requestOf({}, { env: { PATH: join(folder, 'bin') } }), () => peer)).toBe(file)
    },
  )
})

describe('a missing cloudflared', () => {
  test('is told with the ways to get it', async () => {
    const finding = findCloudflared(requestOf({}, { env: { PATH: folder } }), notInstalled)
    await expect(finding).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: expect.stringMatching(
        /not found\. .*downloads.*brew install.*npm install cloudflared.*install: true.*docker/,
      ),
    })
  })

  test.each([
    ['"bin"', { bin: '/none/cloudflared' }, {}],
    ['CLOUDFLARED_BIN', {}, { CLOUDFLARED_BIN: '/none/cloudflared' }],
  ])('that is named by %s is an error, although there is another', async (by, options, variables) => {
    const env = { PATH: join(program('bin/cloudflared'), '..'), ...variables }
    await expect(findCloudflared(requestOf(options, { env }), notInstalled)).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: `${by} names "/none/cloudflared", which is no program that can be run. Correct it, or leave it out`,
    })
  })

  test('may be a file that cannot be run', async () => {
    const bin = program('cloudflared', 0o644)
    await expect(findCloudflared(requestOf({ bin }), notInstalled)).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
    })
  })

  test('whose package is broken says what the package says', async () => {
    const load = (): never => {
      throw new Error('broken')
    }
    await expect(findCloudflared(requestOf({}), load)).rejects.toThrow('broken')
  })
})

describe('install: true', () => {
  const request = (over = {}) => requestOf({ install: true }, { env: { PATH: '' }, ...over })

  test('lets the package fetch it, to where the package looks', async () => {
    const bin = join(folder, 'cloudflared')
    const install = async (to: string): Promise<string> => {
      expect(existsSync(bin)).toBe(false)
      writeFileSync(to, 'program', { mode: 0o755 })
      return to
    }
    const asked = request()
    expect(await findCloudflared(asked, peerOf(bin, install))).toBe(bin)
    expect(readdirSync(folder)).toEqual(['cloudflared'])
    expect(asked.log).toEqual([`info [cloudflared] is fetched to ${bin}`])
    expect(getEventListeners(asked.signal, 'abort')).toEqual([])
    expect(asked.clock.timers).toBe(0)
  })

  test('fetches nothing when there is one', async () => {
    const bin = program('cloudflared')
    expect(await findCloudflared(request(), peerOf(bin))).toBe(bin)
  })

  test('needs the package', async () => {
    await expect(findCloudflared(request(), notInstalled)).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: expect.stringMatching(/needs the package cloudflared.*npm install cloudflared/),
    })
  })

  test.each([
    ['ERR_GATEWAY_NETWORK', 'getaddrinfo EAI_AGAIN github.com'],
    ['ERR_GATEWAY_NETWORK', 'HTTP response with status code: 503'],
    ['ERR_GATEWAY_PROGRAM', "EACCES: permission denied, open '/x'"],
    ['ERR_GATEWAY_PROGRAM', 'Unsupported architecture: mips'],
  ])('that fails is %s: %s', async (code, reason) => {
    const install = async (to: string): Promise<string> => {
      writeFileSync(to, 'half')
      throw new Error(reason)
    }
    await expect(findCloudflared(request(), peerOf(join(folder, 'cloudflared'), install))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`could not be fetched: ${reason}`),
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('of several gateways fetches it once', async () => {
    const bin = join(folder, 'cloudflared')
    let finish = (): void => undefined
    let downloads = 0
    const install = async (to: string): Promise<string> => {
      downloads += 1
      await new Promise<void>((resolve) => void (finish = resolve))
      writeFileSync(to, 'program', { mode: 0o755 })
      return to
    }
    const asked = [request(), request(), request()]
    const finding = asked.map((one) => findCloudflared(one, peerOf(bin, install)))
    for (const { clock } of asked) clock.advance(500)
    await new Promise(setImmediate)
    expect(downloads).toBe(1)
    finish()
    await finding[0]
    for (const { clock } of asked) clock.advance(500)
    // The second and the third look at the same moment; whoever is later looks again.
    await new Promise(setImmediate)
    for (const { clock } of asked) clock.advance(500)
    expect(await Promise.all(finding)).toEqual([bin, bin, bin])
    expect(downloads).toBe(1)
    expect(asked.flatMap(({ log }) => log)).toEqual([`info [cloudflared] is fetched to ${bin}`])
    expect(readdirSync(folder)).toEqual(['cloudflared'])
    expect(asked.map(({ clock }) => clock.timers)).toEqual([0, 0, 0])
  })

  test('of a gateway whose download fails leaves it to the next', async () => {
    const bin = join(folder, 'cloudflared')
    let fail = (_error: Error): void => undefined
    const failing = peerOf(bin, () => new Promise((_resolve, reject) => void (fail = reject)))
    const [first, second] = [request(), request()]
    const lost = findCloudflared(first, failing)
    const found = findCloudflared(
      second,
      peerOf(bin, async (to) => {
        writeFileSync(to, 'program', { mode: 0o755 })
        return to
      }),
    )
    fail(new Error('HTTP response with status code: 503'))
    await expect(lost).rejects.toMatchObject({ code: 'ERR_GATEWAY_NETWORK' })
    second.clock.advance(500)
    expect(await found).toBe(bin)
    expect(readdirSync(folder)).toEqual(['cloudflared'])
  })

  test('waits for nobody who died over it', async () => {
    const bin = join(folder, 'cloudflared')
    writeFileSync(`${bin}.lock`, '')
    const asked = request()
    const old = new Date(asked.clock.now() - 300_001)
    utimesSync(`${bin}.lock`, old, old)
    const finding = findCloudflared(
      asked,
      peerOf(bin, async (to) => {
        writeFileSync(to, 'program', { mode: 0o755 })
        return to
      }),
    )
    asked.clock.advance(500)
    expect(await finding).toBe(bin)
    expect(readdirSync(folder)).toEqual(['cloudflared'])
  })

  test('that waits for another ends when it is not wanted any more', async () => {
    const bin = join(folder, 'cloudflared')
    writeFileSync(`${bin}.lock`, '')
    const controller = new AbortController()
    const asked = request({ signal: controller.signal })
    const finding = findCloudflared(asked, peerOf(bin))
    const reason = new Error('closed')
    controller.abort(reason)
    await expect(finding).rejects.toBe(reason)
    expect([readdirSync(folder), asked.clock.timers]).toEqual([['cloudflared.lock'], 0])
  })

  test('that takes too long is given up, and what comes later goes too', async () => {
    let finish = (): void => undefined
    const install = (to: string): Promise<string> =>
      new Promise((resolve) => {
        finish = () => {
          writeFileSync(to, 'late')
          resolve(to)
        }
      })
    const asked = request()
    const finding = findCloudflared(asked, peerOf(join(folder, 'cloudflared'), install))
    asked.clock.advance(300_000)
    await expect(finding).rejects.toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      message: expect.stringContaining('300 s'),
    })
    finish()
    await new Promise(setImmediate)
    expect(readdirSync(folder)).toEqual([])
  })

  test('ends when it is not wanted any more', async () => {
    const controller = new AbortController()
    const asked = request({ signal: controller.signal })
    const finding = findCloudflared(
      asked,
      peerOf(join(folder, 'cloudflared'), () => new Promise(() => undefined)),
    )
    const reason = new Error('closed')
    controller.abort(reason)
    await expect(finding).rejects.toBe(reason)
    expect(asked.clock.timers).toBe(0)
  })
})
