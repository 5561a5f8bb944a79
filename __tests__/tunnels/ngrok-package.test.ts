import { describe, expect, test } from '@jest/globals'
import { createNgrokDriver } from '../../adapters/tunnels/ngrok/ngrok'
import type { NgrokPackage } from '../../adapters/tunnels/ngrok/package'
import { until } from './processes'
import { type Attempt, usePrograms } from './use-programs'

const programs = usePrograms()
const TOKEN = '2abc_secret'
const ERROR = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

interface Answers {
  readonly connect?: () => Promise<void>
  /** Asked with the domain, or an empty text. */
  readonly listen?: (domain: string) => Promise<void>
  readonly close?: () => Promise<void>
}

/** A package without a network, and what was done with it. */
function createPackage({ connect, listen, close }: Answers = {}) {
  const done: string[] = []
  let lose = (_reason: string): boolean => true
  const part = (name: string) => ({
    async close(): Promise<void> {
      done.push(`close ${name}`)
      await close?.()
    },
  })
  class SessionBuilder {
    authtoken(token: string): this {
      done.push(`authtoken ${token}`)
      return this
    }
    handleDisconnection(decide: (address: string, error: string) => boolean): this {
      lose = (reason) => decide('connect.ngrok-agent.com:443', reason)
      return this
    }
    async connect() {
      await connect?.()
      done.push('connect')
      return { ...part('session'), httpEndpoint: () => new Endpoint() }
    }
  }
  class Endpoint {
    asked = ''
    domain(domain: string): this {
      this.asked = domain
      return this
    }
    async listenAndForward(url: string) {
      done.push(`listen ${this.asked} ${url}`)
      await listen?.(this.asked)
      return { ...part('listener'), url: () => `https://${this.asked || 'abc.ngrok.io'}` }
    }
  }
  const ngrok: NgrokPackage = { SessionBuilder }
  return { ngrok, done, lose: (reason: string) => lose(reason) }
}

type Fake = ReturnType<typeof createPackage>

function open({ ngrok }: Fake, options: object = { authtoken: TOKEN }, over: object = {}) {
  return programs.open(
    createNgrokDriver(() => ngrok),
    { env: {}, options: { ...options }, ...over },
  )
}

const refuse =
  (message: string, more: object = {}) =>
  async () => {
    throw Object.assign(new Error(message), more)
  }

describe('the package @ngrok/ngrok', () => {
  test('opens a session of its own for each gateway, and closes it once', async () => {
    const fake = createPackage()
    const tunnel = await open(fake).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://abc.ngrok.io', isStable: false })
    expect(fake.done).toEqual([`authtoken ${TOKEN}`, 'connect', 'listen  http://127.0.0.1:8090'])
    await Promise.all([tunnel.close(), tunnel.close()])
    await tunnel.close()
    expect(fake.done.slice(3)).toEqual(['close listener', 'close session'])
  })

  test('takes the authtoken from the environment when the gateway has none', async () => {
    const fake = createPackage()
    await open(fake, {}, { env: { NGROK_AUTHTOKEN: TOKEN } }).tunnel
    expect(fake.done[0]).toBe(`authtoken ${TOKEN}`)
  })

  test('is not asked without an authtoken, and the message says where one is', async () => {
    const fake = createPackage()
    const message = 'A free account shows it on https://dashboard.ngrok.com/get-started/your-authtoken'
    await expect(open(fake, {}).tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_AUTH', message))
    expect(fake.done).toEqual([])
  })

  test('is asked for the domain of the gateway, and its URL is stable', async () => {
    const fake = createPackage()
    const options = { authtoken: TOKEN, domain: 'mine.ngrok.app' }
    const tunnel = await open(fake, options, { previousUrl: 'https://old.ngrok.app' }).tunnel
    expect(tunnel).toMatchObject({ publicUrl: 'https://mine.ngrok.app', isStable: true })
  })

  test('is asked for the host that the gateway had', async () => {
    const fake = createPackage()
    const { publicUrl } = await open(fake, undefined, { previousUrl: 'https://old.ngrok.app' }).tunnel
    expect(publicUrl).toBe('https://old.ngrok.app')
  })

  test('gives another host when the one that the gateway had is refused', async () => {
    const listen = async (domain: string) => {
      if (domain !== '') throw new Error('failed to start listener: reserved error_code: ERR_NGROK_320')
    }
    const fake = createPackage({ listen })
    const { publicUrl } = await open(fake, undefined, { previousUrl: 'https://old.ngrok.app' }).tunnel
    expect(publicUrl).toBe('https://abc.ngrok.io')
    expect(fake.done.slice(2)).toEqual(['listen old.ngrok.app http://127.0.0.1:8090', 'listen  http://127.0.0.1:8090'])
  })

  const HELD = 'failed to start listener: already online error_code: ERR_NGROK_334'

  test('waits for the host that the gateway had while the session that was lost still holds it', async () => {
    let refusals = 0
    const listen = async () => {
      refusals += 1
      if (refusals < 3) throw new Error(HELD)
    }
    const { tunnel, clock } = open(createPackage({ listen }), undefined, { previousUrl: 'https://old.ngrok.app' })
    for (const count of [1, 2]) {
      await until(() => refusals === count && clock.timers > 1)
      clock.advance(2000)
    }
    expect(await tunnel).toMatchObject({ publicUrl: 'https://old.ngrok.app' })
  })

  test('gives another host when the one that the gateway had is held three times', async () => {
    const listen = async (domain: string) => {
      if (domain !== '') throw new Error(HELD)
    }
    const fake = createPackage({ listen })
    const { tunnel, clock } = open(fake, undefined, { previousUrl: 'https://old.ngrok.app' })
    for (const count of [1, 2]) {
      await until(() => fake.done.length === 2 + count && clock.timers > 1)
      clock.advance(2000)
    }
    expect(await tunnel).toMatchObject({ publicUrl: 'https://abc.ngrok.io' })
    expect(fake.done.filter((one) => one.includes('old.ngrok.app'))).toHaveLength(3)
  })

  test('that is not wanted any more while it waits for its host is closed', async () => {
    const fake = createPackage({ listen: refuse(HELD) })
    const attempt = open(fake, undefined, { previousUrl: 'https://old.ngrok.app' })
    await until(() => attempt.clock.timers > 1)
    attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
    await until(() => fake.done.at(-1) === 'close session')
  })

  test.each([
    ['too many requests', 'x error_code: ERR_NGROK_717', 'ERR_GATEWAY_RATE_LIMITED'],
    ['a token that was revoked', 'x error_code: ERR_NGROK_107', 'ERR_GATEWAY_AUTH'],
    ['a full account', 'x error_code: ERR_NGROK_108', 'ERR_GATEWAY_EXITED'],
    ['something unknown', 'x error_code: ERR_NGROK_9999', 'ERR_GATEWAY_EXITED'],
  ])('does not give the host up that the gateway had for %s', async (_, message, code) => {
    const fake = createPackage({ listen: refuse(message) })
    const { tunnel } = open(fake, undefined, { previousUrl: 'https://old.ngrok.app' })
    await expect(tunnel).rejects.toMatchObject({ code })
    expect(fake.done.filter((one) => one.startsWith('listen'))).toHaveLength(1)
  })

  test.each([
    [
      'a configured domain that is refused',
      { domain: 'mine.ngrok.app' },
      undefined,
      'x error_code: ERR_NGROK_320',
      'ERR_GATEWAY_OPTIONS',
    ],
    [
      'a host that the network does not let be asked for',
      {},
      'https://old.ngrok.app',
      'transport error',
      'ERR_GATEWAY_NETWORK',
    ],
  ])('gives no other host for %s, and closes the session', async (_, options, previousUrl, message, code) => {
    const fake = createPackage({ listen: refuse(message), close: refuse('failed to close session') })
    await expect(open(fake, { authtoken: TOKEN, ...options }, { previousUrl }).tunnel).rejects.toMatchObject({ code })
    expect(fake.done.filter((one) => one.startsWith('listen'))).toHaveLength(1)
    expect(fake.done.at(-1)).toBe('close session')
  })

  test.each([
    [
      'a number in the message',
      `failed to connect session: bad\nYour authtoken: ${TOKEN} error_code: ERR_NGROK_105`,
      {},
      'ERR_GATEWAY_AUTH',
      'bad Your authtoken: *** (ERR_NGROK_105). Take',
    ],
    [
      'a number beside it',
      `it is not ${TOKEN}`,
      { errorCode: 'ERR_NGROK_107' },
      'ERR_GATEWAY_AUTH',
      'it is not *** (ERR_NGROK_107). Take',
    ],
    [
      'a full account',
      'full',
      { errorCode: 'ERR_NGROK_108' },
      'ERR_GATEWAY_EXITED',
      'full (ERR_NGROK_108). Stop another agent',
    ],
    [
      'no number',
      'failed to connect session: failed to establish tcp connection',
      {},
      'ERR_GATEWAY_NETWORK',
      'failed to establish tcp connection. Is the internet there',
    ],
  ])('that fails with %s tells why, without the token', async (_, message, more, code, expected) => {
    const { tunnel } = open(createPackage({ connect: refuse(message, more) }))
    await expect(tunnel).rejects.toEqual(ERROR(code, expected))
    const error: unknown = await tunnel.catch((reason: unknown) => reason)
    expect(error).not.toHaveProperty('cause')
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(TOKEN)
  })

  test('that fails with what is no error tells that', async () => {
    const connect = async () => {
      throw 'odd' // oxlint-disable-line no-throw-literal
    }
    await expect(open(createPackage({ connect })).tunnel).rejects.toEqual(
      ERROR('ERR_GATEWAY_EXITED', 'ngrok says: odd'),
    )
  })

  test('that loses its session does not take it up again: the tunnel ends', async () => {
    const fake = createPackage({ close: refuse('transport error') })
    const tunnel = await open(fake).tunnel
    expect(fake.lose('transport error')).toBe(false)
    expect(await tunnel.closed).toEqual(
      ERROR('ERR_GATEWAY_NETWORK', 'The session with ngrok was lost: transport error'),
    )
    await tunnel.close()
    expect(fake.done.slice(-2)).toEqual(['close listener', 'close session'])
  })

  test('that loses its session gives up what is left of it, without being closed', async () => {
    const fake = createPackage()
    const tunnel = await open(fake).tunnel
    fake.lose('transport error')
    await tunnel.closed
    await until(() => fake.done.length === 5)
    await tunnel.close()
    expect(fake.done.slice(3)).toEqual(['close listener', 'close session'])
  })

  test('that never says that it has closed is waited for two seconds for each part', async () => {
    const fake = createPackage({ close: () => new Promise(() => undefined) })
    const { tunnel, clock } = open(fake)
    const closing = (await tunnel).close()
    for (const count of [4, 5]) {
      await until(() => fake.done.length === count && clock.timers === 1)
      clock.advance(2000)
    }
    await closing
  })

  test('settles as long as the gateway says', async () => {
    const attempt = open(createPackage(), { authtoken: TOKEN, settleMs: 70_000 })
    let isOpen = false
    void attempt.tunnel.then(() => (isOpen = true))
    await until(() => attempt.clock.timers === 1)
    await new Promise((resolve) => setImmediate(resolve))
    attempt.clock.advance(69_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOpen).toBe(false)
    attempt.clock.advance(1)
    await attempt.tunnel
  })

  test.each([
    ['is lost', (fake: Fake) => void fake.lose('transport error'), 'The session with ngrok was lost: transport error'],
    ['is not wanted any more', (_fake: Fake, attempt: Attempt) => attempt.abort(new Error('enough')), 'enough'],
  ])('that %s while it settles is closed', async (_, end, message) => {
    const fake = createPackage()
    const attempt = open(fake, { authtoken: TOKEN, settleMs: 5000 })
    await until(() => fake.done.length === 3)
    await new Promise((resolve) => setImmediate(resolve))
    end(fake, attempt)
    await expect(attempt.tunnel).rejects.toThrow(message)
    expect(fake.done.slice(3)).toEqual(['close listener', 'close session'])
  })

  test('whose session is ended by ngrok tells why', async () => {
    const fake = createPackage()
    const tunnel = await open(fake).tunnel
    fake.lose(`${TOKEN} was revoked ERR_NGROK_107`)
    expect(await tunnel.closed).toEqual(ERROR('ERR_GATEWAY_AUTH', '*** was revoked (ERR_NGROK_107). Take'))
  })

  test.each([
    ['connects', 'connect'],
    ['asks for an address', 'listen'],
  ] as const)('that is not wanted any more while it %s is closed when it is there', async (_, step) => {
    let goOn = (): void => undefined
    const wait = () => new Promise<void>((resolve) => void (goOn = resolve))
    const fake = createPackage({ [step]: wait })
    const attempt = open(fake)
    await new Promise((resolve) => setImmediate(resolve))
    attempt.abort(new Error('enough'))
    await expect(attempt.tunnel).rejects.toThrow('enough')
    goOn()
    await new Promise((resolve) => setImmediate(resolve))
    expect(fake.done.at(-1)).toBe('close session')
  })

  test('that is not wanted before it starts is left alone', async () => {
    const fake = createPackage()
    await expect(open(fake, undefined, { signal: AbortSignal.abort(new Error('enough')) }).tunnel).rejects.toThrow(
      'enough',
    )
    expect(fake.done).toEqual([])
  })

  test('that takes too long is given up', async () => {
    let fail = (_error: Error): void => undefined
    const fake = createPackage({ connect: () => new Promise((_resolve, reject) => void (fail = reject)) })
    const attempt = open(fake)
    await new Promise((resolve) => setImmediate(resolve))
    attempt.clock.advance(60_000)
    await expect(attempt.tunnel).rejects.toEqual(ERROR('ERR_GATEWAY_TIMEOUT', 'opened no tunnel within 60 s'))
    fail(new Error('too late to matter'))
  })
})
