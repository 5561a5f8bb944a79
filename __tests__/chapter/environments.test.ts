import { expect, test } from '@jest/globals'
import { describeEditions } from './editions'
import { PUBLIC_URLS, useWorlds } from './use-worlds'

/** 13.3.3: a tunnel while developing, a domain of one's own in production. */
const worlds = useWorlds()

interface Development {
  readonly gateway: number
  readonly listener: number
}

const DEVELOPMENT: Readonly<Record<string, Development>> = {
  20: { gateway: 8080, listener: 8090 },
  development: { gateway: 7000, listener: 7001 },
}

describeEditions('development', DEVELOPMENT, (config, { gateway, listener }) => {
  test('loads, says that nothing is listened for and that the tunnel leads elsewhere, and opens it', async () => {
    const { log, hooks, post, tunnels } = await worlds.open(config())
    expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      `<yaml>:4:9 gateway.port: no listener has the port ${gateway}, to which this gateway leads; there is ${listener}`,
      '<yaml>:6:1 listener: this listener has no callbacks; it receives nothing',
    ])
    await hooks.open()
    expect(tunnels).toMatchObject([{ port: gateway }])
    expect(hooks.stats().endpoints).toEqual({})
    expect((await post('/anything').send({})).status).toBe(404)
  })

  test('takes callbacks through the tunnel once a second file gives both a port and the listener a path', async () => {
    const more = { gateway: { port: listener }, listener: { path: '/callback', identify_by: '${body.id}' } }
    const { hooks, log, send, tunnels } = await worlds.open(config(more))
    expect(log.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({ details: { code: 'ERR_UNVERIFIED', at: 'listener' } }),
    ])
    await hooks.open()
    expect(tunnels).toMatchObject([{ port: listener }])
    const { url, result } = hooks.ticket()
    expect(url).toMatch(`${PUBLIC_URLS.ngrok}/callback?callback_id=`)
    expect((await send(url, { n: 1 })).status).toBe(200)
    await expect(result).resolves.toEqual({ n: 1 })
  })
})

interface Production {
  readonly component: string
  /** What it sends: the callback URL on the domain, and the run id. */
  readonly urlKey: string
  readonly url: string
  readonly idKey: string
}

const PRODUCTION: Readonly<Record<string, Production>> = {
  21: {
    component: 'service',
    urlKey: 'callback_url',
    url: 'https://api.yourdomain.com/webhooks/callback',
    idKey: 'callback_id',
  },
  production: {
    component: 'printer',
    urlKey: 'tell',
    url: 'https://api.studio.example/hooks/printed',
    idKey: 'order',
  },
}

const SERVICE = 'https://service.example'

describeEditions('production', PRODUCTION, (config, { component, urlKey, url, idKey }) => {
  const { origin, pathname } = new URL(url)
  const workflow = { jobs: [{ id: 'call', component }] }
  const listener = { path: pathname, identify_by: `\${body.${idKey}}`, result: '${body.result}' }
  const whole = { components: { [component]: { base_url: SERVICE } }, workflow, listener }

  test('loads without a gateway, and says what the component lacks', async () => {
    const { hooks, log } = await worlds.open(config())
    expect(hooks.gateways.size).toBe(0)
    expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        `^<yaml>:\\d+:\\d+ components[.]${component}: this component has neither base_url, path nor endpoint; it fails`,
      ),
    )
  })

  test('fails when the component is used as it is, with what it lacks and where', async () => {
    const { hooks } = await worlds.open(config({ workflow, listener }))
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: 'Job "call" failed: The request has neither base_url, path nor endpoint',
      cause: { at: `components.${component}` },
    })
    expect(hooks.stats().waiting).toBe(0)
  })

  test('waits for the callback to the domain once it has a service and the listener a path', async () => {
    const { hooks, service, next, send } = await worlds.open(
      config(whole),
      { [SERVICE]: () => ({ status: 202, body: { state: 'queued' } }) },
      { publicUrl: origin },
    )
    const output = hooks.run()
    await next('job', ({ status }) => status === 'waiting')
    const { body } = await service(SERVICE).received()
    expect(body).toEqual({ [urlKey]: url, [idKey]: expect.stringMatching(/^[\da-f-]{36}$/) })
    const callback = { [idKey]: Object(body)[idKey], result: { n: 1 } }
    await expect(send(url, callback)).resolves.toEqual({ status: 200, text: '' })
    await expect(output).resolves.toEqual({ state: 'queued', n: 1 })
  })

  test.each([
    ['advises once to say that the domain is ours', {}, 1],
    ['has nothing to advise when the listener says so', { public_url: origin }, 0],
  ])('%s', async (_, more, count) => {
    const { hooks, log, service, next, post } = await worlds.open(
      config({ ...whole, listener: { ...listener, ...more } }),
      {
        [SERVICE]: () => ({ status: 202 }),
      },
    )
    for (const run of [1, 2]) {
      const output = hooks.run()
      await next('job', ({ status }) => status === 'waiting')
      const { body } = await service(SERVICE).received(run)
      await post(pathname).send({ [idKey]: Object(body)[idKey], result: run })
      await expect(output).resolves.toBe(run)
    }
    const advice = log.filter(({ message }) => message.includes(`public_url: ${origin}`))
    expect(advice.map(({ level }) => level)).toEqual(Array.from({ length: count }, () => 'info'))
  })
})
