import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { type Answer, PUBLIC_URLS, useWorlds } from './use-worlds'

/** 13.2.6: an endpoint that nothing waits on; its callbacks are events, each of which starts the workflow once. */
interface Words {
  readonly port: number
  readonly url: string
  readonly endpoint: string
  readonly origin: string
  readonly path: string
  readonly token: string
  /** An event as the platform sends it: a message with an id, or one of a bot without. */
  readonly event: (id: string | undefined, text: string) => object
  /** What the workflow sends for it. */
  readonly reply: (text: string) => object
}

const EDITIONS: Readonly<Record<string, Words>> = {
  18: {
    port: 8090,
    url: `${PUBLIC_URLS.cloudflare}/slack/events`,
    endpoint: 'POST /slack/events',
    origin: 'https://slack.com',
    path: '/api/chat.postMessage',
    token: 'Bearer xoxb-1',
    event: (id, text) => ({
      token: 'verification-token',
      team_id: 'T061EG9R6',
      api_app_id: 'A0PNCHHK2',
      event: {
        type: 'message',
        ...(id === undefined ? { subtype: 'bot_message', bot_id: 'B1' } : { client_msg_id: id, user: 'U2147483697' }),
        channel: 'C024BE91L',
        channel_type: 'channel',
        text,
        ts: '1767225600.000100',
        event_ts: '1767225600.000100',
      },
      type: 'event_callback',
      event_id: 'Ev0PV52K25',
      event_time: 1_767_225_600,
      authorizations: [{ team_id: 'T061EG9R6', user_id: 'U0', is_bot: true }],
    }),
    reply: (text) => ({ channel: 'C024BE91L', text: `Processing complete: ${text}` }),
  },
  'whole-events': {
    port: 7001,
    url: `${PUBLIC_URLS.cloudflare}/chat/said`,
    endpoint: 'POST /chat/said',
    origin: 'https://chat.example',
    path: '/api/say',
    token: 'Bearer chat-1',
    event: (id, text) => ({ message: { ...(id !== undefined && { id }), room: 'kitchen', text } }),
    reply: (text) => ({ room: 'kitchen', text: `Heard: ${text}` }),
  },
}

const worlds = useWorlds()

describeEditions('a bot', EDITIONS, (config, words) => {
  const { url, origin, event, reply } = words

  async function open(answer: Answer = () => ({ body: { ok: true } })) {
    const world = await worlds.open(config(), { [origin]: answer })
    await world.hooks.open()
    return world
  }

  test('says at start where events go: the public URL, and the endpoint that takes them', async () => {
    const { log } = await open()
    expect(log.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(
        /^warn .*: anybody who knows the public URL can send callbacks to POST \/\S+, in anyone's name;/,
      ),
      `info ${words.endpoint} is an event source: a callback that nobody waits for starts a workflow`,
      `info [Gateway] Opening a tunnel to port ${words.port} by cloudflare`,
      `info [Gateway] Public URL: ${PUBLIC_URLS.cloudflare}`,
    ])
  })

  test('answers the handshake with which the platform checks the Request URL, and starts nothing', async () => {
    const { send, service, hooks } = await open()
    const handshake = { token: 'verification-token', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' }
    await expect(send(url, { ...handshake, type: 'url_verification' })).resolves.toEqual({
      status: 200,
      text: handshake.challenge,
    })
    expect(service(origin).requests).toEqual([])
    expect(hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test('replies to a message: the whole body is the input of the workflow, whose output is the reply', async () => {
    const { send, service, next, hooks } = await open(() => ({ body: { ok: true, ts: '1767225601.000200' } }))
    const ended = next('task', ({ status }) => status !== 'running')
    await expect(send(url, event('m-1', 'hello'))).resolves.toEqual({ status: 200, text: '' })
    const { task, status } = await ended
    const [posted, ...others] = service(origin).requests
    expect(others).toEqual([])
    expect(posted).toMatchObject({ method: 'POST', path: words.path, body: reply('hello') })
    expect(posted?.headers).toMatchObject({ authorization: words.token, 'content-type': 'application/json' })
    expect(status).toBe('succeeded')
    await expect(hooks.task(task)).resolves.toMatchObject({
      input: event('m-1', 'hello'),
      output: { ok: true, ts: '1767225601.000200' },
    })
  })

  test('acknowledges the message at once, however long the reply takes', async () => {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { send, service, next } = await open(async () => {
      await released
      return { body: { ok: true } }
    })
    const ended = next('task', ({ status }) => status === 'succeeded')
    await expect(send(url, event('m-1', 'hello'))).resolves.toEqual({ status: 200, text: '' })
    await service(origin).received()
    release()
    await ended
  })

  test('replies once to a message that the platform sends again', async () => {
    const { send, service, next, hooks } = await open()
    const ended = next('task', ({ status }) => status === 'succeeded')
    await send(url, event('m-1', 'hello'))
    await ended
    for (const retry of ['1', '2', '3']) {
      const headers = { 'x-slack-retry-num': retry, 'x-slack-retry-reason': 'http_timeout' }
      await expect(send(url, event('m-1', 'hello'), headers)).resolves.toEqual({ status: 200, text: '' })
    }
    expect(hooks.stats()).toMatchObject({ received: 4, duplicate: 3 })
    expect(service(origin).requests).toHaveLength(1)
  })

  test('does not talk to itself: a message of a bot has no id and starts nothing', async () => {
    const { send, service, hooks } = await open()
    await expect(send(url, event(undefined, 'Processing complete: hello'))).resolves.toEqual({ status: 200, text: '' })
    expect(hooks.stats()).toMatchObject({ received: 1, unidentified: 1, parked: 0 })
    expect(service(origin).requests).toEqual([])
  })

  test('takes text that looks like a template as text', async () => {
    const { send, service, next } = await open()
    const ended = next('task', ({ status }) => status === 'succeeded')
    await send(url, event('m-1', '${env.SLACK_BOT_TOKEN} ${env.CHAT_TOKEN}'))
    await ended
    expect(service(origin).requests[0]?.body).toEqual(reply('${env.SLACK_BOT_TOKEN} ${env.CHAT_TOKEN}'))
  })

  test('logs a reply that fails, without its token; the message was acknowledged all the same', async () => {
    const { send, log, next } = await open(({ headers }) => ({ status: 500, body: { sent: headers.authorization } }))
    const ended = next('task', ({ status }) => status === 'failed')
    expect((await send(url, event('m-1', 'hello'))).status).toBe(200)
    const { task } = await ended
    await new Promise((resolve) => setImmediate(resolve))
    const error = log.find(({ level }) => level === 'error')
    expect(error?.message).toContain(`The task ${task}`)
    expect(error?.message).toContain(`POST ${origin}${words.path} answered 500`)
    expect(error?.message).not.toContain(words.token.replace('Bearer ', ''))
  })
})
