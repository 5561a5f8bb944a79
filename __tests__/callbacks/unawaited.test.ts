import { describe, expect, jest, test } from '@jest/globals'
import type { CallbacksOptions } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = {
  listener: {
    path: '/done',
    identify_by: '${body.id}',
    status: '${body.s}',
    fail_when: 'bad',
    result: '${body.n + 1}',
  },
}

/** Unhandled rejections are told a turn later; Jest then fails the test that is running. */
async function letThemBeTold(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('a rejection that nobody awaits harms nobody', () => {
  test.each<[string, (host: Awaited<ReturnType<typeof hosts.open>>) => unknown]>([
    [
      'the callback says failure',
      ({ hooks, post }) => (void hooks.wait('a'), post('/done').send({ id: 'a', s: 'bad' })),
    ],
    [
      'the failure came early',
      async ({ hooks, post }) => (await post('/done').send({ id: 'a', s: 'bad' }), void hooks.wait('a')),
    ],
    ['the result fails', ({ hooks, post }) => (void hooks.wait('a'), post('/done').send({ id: 'a', s: 'ok', n: 'x' }))],
    ['the time is over', ({ hooks, clock }) => (void hooks.wait('a', { timeout: 5 }), clock.advance(1000))],
    ['it was aborted before', ({ hooks }) => void hooks.wait('a', { signal: AbortSignal.abort() })],
    ['the callbacks are closed', ({ hooks }) => (void hooks.wait('a'), hooks.close())],
    ['they were closed before', async ({ hooks }) => (await hooks.close(), void hooks.wait('a'))],
    ['it was failed by hand', ({ hooks }) => (void hooks.wait('a'), hooks.fail('a', new Error('no')))],
    ['it is a ticket', ({ hooks }) => (void hooks.ticket(), hooks.close())],
    [
      'somebody awaits a copy of it that is handled',
      ({ hooks, clock }) => {
        hooks.wait('a', { timeout: 5 }).then(undefined, () => undefined)
        clock.advance(1000)
      },
    ],
  ])('%s', async (_, end) => {
    const host = await hosts.open(config)
    await end(host)
    expect(host.hooks.stats().waiting).toBe(0)
    await letThemBeTold()
  })

  test('too many wait', async () => {
    const { hooks } = hosts.start({ ...config, store: { max_waits: 0 } })
    void hooks.wait('a')
    await letThemBeTold()
  })
})

describe('what the host app gives may break', () => {
  const broken = (): never => {
    throw new Error('broken')
  }

  test.each(['received', 'rejected', 'error', 'parked'] as const)('a listener of "%s" that throws', async (name) => {
    const { hooks, post, log } = await hosts.open(config)
    hooks.on(name, broken)
    expect((await post('/done').send({ id: 'a', s: 'ok', n: 1 })).status).toBe(200)
    expect((await post('/done').type('json').send('{')).status).toBe(400)
    await expect(hooks.wait('a')).resolves.toBe(2)
    await letThemBeTold()
    if (name !== 'error') expect(log).toContainEqual(expect.objectContaining({ level: 'error' }))
  })

  test('an asynchronous listener that rejects', async () => {
    const { hooks, post } = await hosts.open(config)
    hooks.on('received', async () => {
      await Promise.resolve()
      broken()
    })
    expect((await post('/done').send({ id: 'a', s: 'ok', n: 1 })).status).toBe(200)
    await letThemBeTold()
  })

  test('a logger that throws', async () => {
    const logger: CallbacksOptions['logger'] = { debug: broken, info: broken, warn: broken, error: broken }
    const { post } = await hosts.open(config, { logger })
    const answers = [await post('/done').type('json').send('{'), await post('/done').send({})]
    expect(answers.map(({ status }) => status)).toEqual([400, 200])
    await letThemBeTold()
  })

  test('one listener that throws does not keep an event from the others', async () => {
    const { hooks, post } = await hosts.open(config)
    const heard: string[] = []
    hooks.on('received', broken)
    hooks.on('received', () => void heard.push('second'))
    await post('/done').send({ id: 'a', s: 'ok', n: 1 })
    expect(heard).toEqual(['second'])
  })
})

test('without a logger a warning is a warning of the process', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const { post } = await hosts.open(config, { logger: null } as object)
  await post('/done').send({})
  const calls = emitWarning.mock.calls.map(([message, type]) => [type, String(message).includes('identify_by')])
  emitWarning.mockRestore()
  expect(calls).toEqual([['CallbackWarning', true]])
})
