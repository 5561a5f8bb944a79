import { expect, test } from '@jest/globals'
import { CallbackError } from '../../lib'
import { describeEditions } from './editions'
import { PUBLIC_URLS, useWorlds } from './use-worlds'

const worlds = useWorlds()

interface GatewayWords {
  readonly driver: keyof typeof PUBLIC_URLS
  readonly port: number
  /** What the driver is told besides. */
  readonly options?: object
}

const keyfile = { type: 'keyfile', username: 'user', keyfile: '~/.ssh/id_rsa' }
const password = { type: 'password', username: 'user', password: 'open sesame' }

const GATEWAYS: Readonly<Record<string, GatewayWords>> = {
  11: { driver: 'ngrok', port: 8080 },
  13: { driver: 'cloudflare', port: 8080 },
  14: { driver: 'ssh', port: 8080, options: { connection: { host: 'remote-server.com', port: 22, auth: keyfile } } },
  15: { driver: 'ssh', port: 8080, options: { connection: { host: 'remote-server.com', port: 22, auth: password } } },
  16: { driver: 'ngrok', port: 8080, options: { runtime: 'native' } },
  20: { driver: 'ngrok', port: 8080 },
  'gateway-ngrok': { driver: 'ngrok', port: 7001, options: { runtime: 'native' } },
  'gateway-cloudflare': { driver: 'cloudflare', port: 7001 },
  'gateway-ssh-keyfile': {
    driver: 'ssh',
    port: 7001,
    options: { connection: { host: 'jump.studio.example', port: 2200, auth: { type: 'keyfile' } } },
  },
  'gateway-ssh-password': {
    driver: 'ssh',
    port: 7001,
    options: { connection: { host: 'jump.studio.example', port: 22, auth: { type: 'password', username: 'deploy' } } },
  },
  development: { driver: 'ngrok', port: 7000 },
}

describeEditions('a gateway', GATEWAYS, (config, { driver, port, options = {} }) => {
  test('opens a tunnel to its port, logs the public URL, and publishes it to templates', async () => {
    const { hooks, tunnels, log } = await worlds.open(config())
    expect(hooks.gateways.get(port)).toMatchObject({ driver, state: 'idle', publicUrl: undefined })
    await hooks.open()
    expect(tunnels).toMatchObject([{ port, options }])
    expect(log).toContainEqual({
      level: 'info',
      message: `[Gateway] Public URL: ${PUBLIC_URLS[driver]}`,
      details: { port, driver },
    })
    expect(hooks.gateways.get(port)).toMatchObject({ driver, state: 'ready', publicUrl: PUBLIC_URLS[driver] })
    await expect(hooks.render(`\${gateway:${port}.public_url}/callback`)).resolves.toBe(
      `${PUBLIC_URLS[driver]}/callback`,
    )
  })
})

interface Variables {
  readonly component: string
  readonly port: number
  readonly sent: object
}

const VARIABLES: Readonly<Record<string, Variables>> = {
  17: {
    component: 'service',
    port: 8080,
    sent: { webhook_url: `${PUBLIC_URLS.ngrok}/webhook`, local_port: 8080 },
  },
  'gateway-variables': {
    component: 'printer',
    port: 7001,
    sent: { tell: `${PUBLIC_URLS.ngrok}/hook`, from: 7001 },
  },
}

const SERVICE = 'https://service.example'

describeEditions('the variables of a gateway', VARIABLES, (config, { component, port, sent }) => {
  const called = { components: { [component]: { base_url: SERVICE } }, workflow: { jobs: [{ component }] } }

  test('are sent: the public URL as text, the port as a number', async () => {
    const { hooks, service, tunnels } = await worlds.open(config(called), { [SERVICE]: () => ({ body: { ok: true } }) })
    await expect(hooks.run()).resolves.toEqual({ ok: true })
    expect(service(SERVICE).requests.map(({ method, body }) => [method, body])).toEqual([['POST', sent]])
    expect(tunnels.map((tunnel) => tunnel.port)).toEqual([port])
  })

  test('are an error, never empty text, when the tunnel cannot be opened', async () => {
    const refused = new CallbackError('ERR_GATEWAY_AUTH', { message: 'no authtoken' })
    const tunnels = { ngrok: () => Promise.reject(refused) }
    const { hooks, service } = await worlds.open(config(called), { [SERVICE]: () => ({}) }, { tunnels })
    await expect(hooks.run()).rejects.toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('no authtoken'),
    })
    expect(service(SERVICE).requests).toEqual([])
  })
})
