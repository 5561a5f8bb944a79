import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Finding } from '../../adapters/tunnels/program/follow-program'
import { openProgramTunnel, type TunnelProgram } from '../../adapters/tunnels/program/program-tunnel'
import { CallbackError } from '../../lib/base/errors'
import type { TunnelRequest } from '../../lib/base/contracts'
import { until } from './processes'
import { STAY, usePrograms } from './use-programs'

const programs = usePrograms()

/** Understands `url X`, `ready` and `failed X`, and `both X` for two findings in one line. */
function read(line: string): Finding | readonly Finding[] | undefined {
  const [word, rest = ''] = line.split(' ')
  if (word === 'url') return { kind: 'url', publicUrl: rest }
  if (word === 'ready') return { kind: 'ready' }
  if (word === 'both') return [{ kind: 'url', publicUrl: rest }, { kind: 'ready' }]
  if (word === 'failed') return { kind: 'failed', error: new CallbackError('ERR_GATEWAY_AUTH', { message: rest }) }
  return undefined
}

function open(script: string, over: Partial<TunnelProgram> = {}, request: Partial<TunnelRequest> = {}) {
  const file = programs.write(script)
  const driver = (given: TunnelRequest) =>
    openProgramTunnel({ name: 'tool', command: { file, args: [], env: given.env }, read, ...over }, given)
  return programs.open(driver, request)
}

const FOREVER = new Promise<never>(() => undefined)

describe('a tunnel is open', () => {
  test.each([
    ['its URL and then that it is ready', 'echo url https://a.example; echo ready'],
    ['that it is ready and then its URL', 'echo ready >&2; sleep 0.05; echo url https://a.example'],
    ['both in one line', 'echo both https://a.example'],
  ])('when the program has told %s', async (_what, script) => {
    const { tunnel, urls, lines } = open(`${script}; ${STAY}`, { isStable: true })
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example', isStable: true })
    expect(urls).toEqual([])
    expect(lines[0]).toMatch(/^\[tool\] /)
  })

  test('at once when the URL is known and it says nothing', async () => {
    const { tunnel } = open(STAY, { publicUrl: 'https://a.example', isReadyAtStart: true })
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
  })

  test('under the last of its URLs, once that is confirmed', async () => {
    const asked: string[] = []
    const confirm = async (publicUrl: string): Promise<void> => {
      asked.push(publicUrl)
      if (asked.length === 1) await until(() => lines.some((line) => line.endsWith('b.example')))
    }
    const { tunnel, lines, urls } = open(
      `echo both https://a.example; sleep 0.1; echo url https://b.example; ${STAY}`,
      {
        confirm,
      },
    )
    expect(await tunnel).toMatchObject({ publicUrl: 'https://b.example' })
    expect(asked).toEqual(['https://a.example', 'https://b.example'])
    expect(urls).toEqual([])
  })

  test('after its URL has settled', async () => {
    const { tunnel, clock, wrote } = open(`echo both https://a.example; ${STAY}`, { settleMs: 5000 })
    let isOpen = false
    void tunnel.then(() => (isOpen = true))
    await wrote('both')
    await until(() => clock.timers > 0)
    clock.advance(4999)
    await new Promise(setImmediate)
    expect(isOpen).toBe(false)
    clock.advance(1)
    await tunnel
  })

  test('under the URL that it has once that has settled, and was confirmed', async () => {
    const asked: string[] = []
    const folder = programs.createFolder()
    const { tunnel, clock, urls, wrote } = open(
      `echo both https://a.example; until [ -e "${folder}/go" ]; do sleep 0.02; done; echo url https://b.example; ${STAY}`,
      { settleMs: 5000, confirm: async (publicUrl) => void asked.push(publicUrl) },
    )
    await until(() => asked.length === 1)
    await until(() => clock.timers === 1)
    writeFileSync(join(folder, 'go'), '')
    await wrote('b.example')
    clock.advance(5000)
    await until(() => asked.length === 2 && clock.timers === 1)
    let isOpen = false
    void tunnel.then(() => (isOpen = true))
    clock.advance(4999)
    await new Promise(setImmediate)
    expect(isOpen).toBe(false)
    clock.advance(1)
    expect(await tunnel).toMatchObject({ publicUrl: 'https://b.example' })
    expect([asked, urls]).toEqual([['https://a.example', 'https://b.example'], []])
  })

  test('also when that takes longer than opening may', async () => {
    const { tunnel, clock, wrote } = open(`echo both https://a.example; ${STAY}`, { settleMs: 90_000 })
    await wrote('both')
    await new Promise(setImmediate)
    clock.advance(90_000)
    await tunnel
  })
})

describe('an open tunnel', () => {
  test('tells every other public URL once', async () => {
    const go = join(programs.createFolder(), 'go')
    const again = 'for name in a b b c; do echo url https://$name.example; done'
    const { tunnel, urls, wrote } = open(
      `echo both https://a.example; until [ -e "${go}" ]; do sleep 0.02; done; ${again}; ${STAY}`,
    )
    await tunnel
    writeFileSync(go, '')
    await wrote('c.example')
    expect(urls).toEqual(['https://b.example', 'https://c.example'])
  })

  test('ends with its program and says why', async () => {
    const { tunnel } = open('echo both https://a.example; sleep 0.1; echo one; echo two; echo; echo three; exit 3')
    const { closed } = await tunnel
    expect(await closed).toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: 'tool ended with exit code 3; its last lines: one | two | three',
    })
  })

  test('of a program that says nothing and exits with 127 has ended', async () => {
    const go = join(programs.createFolder(), 'go')
    const { tunnel } = open(`until [ -e "${go}" ]; do sleep 0.02; done; exit 127`, {
      publicUrl: 'https://a.example',
      isReadyAtStart: true,
    })
    const { closed } = await tunnel
    writeFileSync(go, '')
    expect(await closed).toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
  })

  test('that says it failed is stopped', async () => {
    const { tunnel } = open(`echo both https://a.example; sleep 0.1; echo failed gone; ${STAY}`)
    expect(await (await tunnel).closed).toMatchObject({ code: 'ERR_GATEWAY_AUTH', message: 'gone' })
  })
})

describe('a program that opens no tunnel', () => {
  test('because it says so is stopped', async () => {
    const { tunnel } = open(`echo failed account; ${STAY}`)
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTH', message: 'account' })
  })

  test.each([
    ['exit 0', 'tool ended with exit code 0; it said nothing'],
    [
      'echo url https://a.example; echo unknown flag >&2; exit 0',
      /^tool ended with exit code 0; its last lines: .*unknown/,
    ],
    ['kill -KILL $$', 'tool ended by SIGKILL; it said nothing'],
  ])('since it ends first by "%s" says how', async (script, message) => {
    const { tunnel } = open(script)
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_EXITED',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
  })

  test.each([
    ['exit 127', 'tool cannot be run here: it ended with exit code 127. Is it a program for this machine'],
    ['echo "sh: 1: bore: not found" >&2; exit 127', 'tool cannot be run here: sh: 1: bore: not found. Is it'],
    ['exit 126', 'tool cannot be run here: it ended with exit code 126. Is it'],
  ])('since it cannot be run ("%s") is tried no more', async (script, message) => {
    const explain = () => new CallbackError('ERR_GATEWAY_NETWORK', { message: 'something else' })
    for (const over of [{}, { explain }, { publicUrl: 'https://a.example', isReadyAtStart: true, settleMs: 1000 }])
      await expect(open(script, over).tunnel).rejects.toMatchObject({
        code: 'ERR_GATEWAY_PROGRAM',
        message: expect.stringContaining(message),
      })
  })

  test('although it was connected, and exits with 127, has ended', async () => {
    const { tunnel } = open('echo ready; sleep 0.05; exit 127')
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
  })

  test('is explained by what it said where that tells more', async () => {
    const explain = () => new CallbackError('ERR_GATEWAY_RATE_LIMITED', { message: 'slow down' })
    const { tunnel } = open('echo slow down; exit 2', { explain })
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_RATE_LIMITED', message: 'slow down' })
  })

  test.each([
    ['echo url https://a.example', 'was not connected'],
    ['echo ready', 'told no public URL'],
  ])('in time (%s) is stopped', async (script, what) => {
    const { tunnel, clock, wrote } = open(`${script}; ${STAY}`)
    await wrote('tool')
    clock.advance(60_000)
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_TIMEOUT',
      message: expect.stringContaining(`tool ${what} within 60 s; its last lines: `),
    })
  })

  test('under an URL that is another one’s is stopped', async () => {
    const confirm = () => Promise.reject(new CallbackError('ERR_GATEWAY_NETWORK', { message: 'not ours' }))
    const { tunnel } = open(`echo both https://a.example; ${STAY}`, { confirm })
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_NETWORK', message: 'not ours' })
  })

  test('and ends while it is confirmed or settles says so, and asks no longer', async () => {
    const signals: AbortSignal[] = []
    const confirm = async (_url: string, signal: AbortSignal) => {
      signals.push(signal)
      await FOREVER
    }
    const script = 'echo both https://a.example; sleep 0.1; exit 5'
    for (const { tunnel } of [open(script, { confirm }), open(script, { settleMs: 5000 })])
      await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_EXITED' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

describe('an abort leaves nothing', () => {
  const reason = new Error('not wanted')

  test('before the start', async () => {
    const { tunnel, lines } = open('echo up', {}, { signal: AbortSignal.abort(reason) })
    await expect(tunnel).rejects.toBe(reason)
    expect(lines).toEqual([])
  })

  test.each([
    ['at the start', 'sleep 0.01', {}, ''],
    ['while it starts', 'echo url https://a.example', {}, 'url'],
    ['while it is confirmed', 'echo both https://a.example', { confirm: () => FOREVER }, 'both'],
    ['while it settles', 'echo both https://a.example', { settleMs: 5000 }, 'both'],
  ])('%s', async (_when, script, over, text) => {
    const { tunnel, abort, wrote } = open(`${script}; ${STAY}`, over)
    if (text !== '') await wrote(text)
    abort(reason)
    await expect(tunnel).rejects.toBe(reason)
  })
})
