import { afterEach, expect, test } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import type { ServiceRequest } from '../helpers/fake-service'
import { type FakeCloudflared, useFakeCloudflared } from '../tunnels/use-fake-cloudflared'
import { createFakeNgrok, type FakeNgrok } from '../tunnels/use-fake-ngrok'
import { describeEditions } from './editions'
import { PUBLIC_URLS, useWorlds, type World } from './use-worlds'

// The chapter's gateways with the drivers of the package: their programs are stand-ins, which forward what is sent to the
// public URL to the port that they were started for.

// Its hosts are closed before the stand-ins are looked for.
const worlds = useWorlds()

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function createNgrok(): FakeNgrok {
  const ngrok = createFakeNgrok({ publicUrl: PUBLIC_URLS.ngrok })
  closers.push(ngrok.dispose)
  return ngrok
}

function createCloudflared(): FakeCloudflared {
  const cloudflared = useFakeCloudflared({ publicHost: new URL(PUBLIC_URLS.cloudflare).host })
  closers.push(async () => expect(await cloudflared.dispose()).toEqual([]))
  return cloudflared
}

/** The drivers of the package, the environment of a stand-in, and a host on a port of its own. */
async function optionsFor(env: Readonly<Record<string, string>>) {
  const [port = 0] = await findFreePorts(1)
  return { tunnels: {}, env, port }
}

/** What the gateways of a world were published as. */
function urlsLogged({ log }: World): readonly string[] {
  return log.flatMap(({ message }) => message.match(/^\[Gateway\] Public URL: (.*)/)?.[1] ?? [])
}

interface Step {
  readonly origin: string
  readonly answer: (body: Readonly<Record<string, unknown>>) => object
  /** The key under which the callback URL is sent, and what the service sends there later. */
  readonly urlKey?: string
  readonly callBack?: (body: Readonly<Record<string, unknown>>) => object
}

interface Journey {
  readonly port: number
  readonly input: object
  readonly steps: readonly Step[]
  readonly output: object
}

const JOURNEYS: Readonly<Record<string, Journey>> = {
  12: {
    port: 8090,
    input: { data: 1 },
    steps: [
      {
        origin: 'https://api.external-service.com',
        answer: ({ callback_id }) => ({ task_id: callback_id, status: 'queued' }),
        urlKey: 'callback_url',
        callBack: ({ callback_id }) => ({ task_id: callback_id, result: { pages: 3 } }),
      },
    ],
    output: { task_id: expect.any(String), status: 'queued', pages: 3 },
  },
  19: {
    port: 8090,
    input: { prompt: 'a cat' },
    steps: [
      {
        origin: 'https://api.image-ai.com',
        answer: ({ task_id }) => ({ task_id, status: 'queued' }),
        urlKey: 'callback_url',
        callBack: ({ task_id }) => ({
          task_id,
          status: 'completed',
          output: { url: 'https://cdn.image-ai.com/cat.png', width: 1024, height: 768 },
        }),
      },
      {
        origin: 'https://api.imageoptim.com',
        answer: ({ url }) => ({ url, original_size: 1000, compressed_size: 400 }),
      },
    ],
    output: {
      final_url: 'https://cdn.image-ai.com/cat.png',
      original_size: 1000,
      compressed_size: 400,
      savings: 600,
    },
  },
  'whole-single': {
    port: 7001,
    input: { text: 'hello' },
    steps: [
      {
        origin: 'https://print.example',
        answer: ({ order }) => ({ order, state: 'queued' }),
        urlKey: 'tell',
        callBack: ({ order }) => ({ order, sheet: { pages: 3 } }),
      },
    ],
    output: { order: expect.any(String), state: 'queued', pages: 3 },
  },
}

/** A service that answers, and calls back over the public URL that it was told. */
function playStep({ answer, urlKey, callBack }: Step) {
  return (request: ServiceRequest, world: World) => {
    const body = Object(request.body)
    if (urlKey !== undefined) void world.send(body[urlKey], callBack?.(body))
    return { status: 202, body: answer(body) }
  }
}

describeEditions('a workflow behind a real ngrok driver', JOURNEYS, (config, { port, input, steps, output }) => {
  test('sends the public URL, and goes on with the callback that comes through the tunnel', async () => {
    const ngrok = createNgrok()
    const options = await optionsFor({ ...ngrok.env, NGROK_AUTHTOKEN: 't0ken' })
    const services = Object.fromEntries(steps.map((step) => [step.origin, playStep(step)]))
    const world = await worlds.open(config(), services, options)
    await world.hooks.open()
    world.route(PUBLIC_URLS.ngrok, await ngrok.edge())
    expect(urlsLogged(world)).toEqual([PUBLIC_URLS.ngrok])
    expect(world.hooks.gateways.get(port)).toMatchObject({ state: 'ready', publicUrl: PUBLIC_URLS.ngrok })
    await expect(world.hooks.run(input)).resolves.toEqual(output)
    const [agent] = ngrok.starts()
    expect(agent?.argv).toEqual(['http', `127.0.0.1:${options.port}`, '--log', 'stdout', '--log-format', 'json'])
    expect(agent?.env['NGROK_AUTHTOKEN']).toBe('t0ken')
  })
})

interface GatewayAlone {
  readonly port: number
}

const NGROKS: Readonly<Record<string, GatewayAlone>> = {
  11: { port: 8080 },
  16: { port: 8080 },
  17: { port: 8080 },
  'gateway-ngrok': { port: 7001 },
  'gateway-variables': { port: 7001 },
}

describeEditions('a gateway with the ngrok driver', NGROKS, (config, { port }) => {
  test('publishes the URL of the agent, and ends the agent', async () => {
    const ngrok = createNgrok()
    const { hooks } = await worlds.open(config(), {}, await optionsFor(ngrok.env))
    await expect(hooks.render(`\${gateway:${port}.public_url}/webhook on \${gateway:${port}.port}`)).resolves.toBe(
      `${PUBLIC_URLS.ngrok}/webhook on ${port}`,
    )
    const { pid } = await ngrok.started()
    await hooks.close()
    expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }))
  })
})

const CLOUDFLARES: Readonly<Record<string, GatewayAlone>> = {
  13: { port: 8080 },
  'gateway-cloudflare': { port: 7001 },
}

describeEditions('a gateway with the cloudflare driver', CLOUDFLARES, (config, { port }) => {
  test('publishes the URL of the quick tunnel, and ends cloudflared', async () => {
    const cloudflared = createCloudflared()
    const options = await optionsFor(cloudflared.env)
    const { hooks } = await worlds.open(config({ gateway: { settle: 0 } }), {}, options)
    await hooks.open()
    expect(hooks.gateways.get(port)?.publicUrl).toBe(PUBLIC_URLS.cloudflare)
    const { pid, argv } = await cloudflared.started()
    expect(argv.join(' ')).toMatch(`--url http://127.0.0.1:${options.port}`)
    await hooks.close()
    expect(cloudflared.lives(pid)).toBe(false)
  })
})

interface Bot {
  readonly origin: string
  readonly path: string
  readonly event: object
  readonly reply: object
}

const BOTS: Readonly<Record<string, Bot>> = {
  18: {
    origin: 'https://slack.com',
    path: '/slack/events',
    event: { type: 'event_callback', event: { client_msg_id: 'm-1', channel: 'C024BE91L', text: 'hello' } },
    reply: { channel: 'C024BE91L', text: 'Processing complete: hello' },
  },
  'whole-events': {
    origin: 'https://chat.example',
    path: '/chat/said',
    event: { message: { id: 'm-1', room: 'kitchen', text: 'hello' } },
    reply: { room: 'kitchen', text: 'Heard: hello' },
  },
}

describeEditions('a bot behind a real cloudflare driver', BOTS, (config, { origin, path, event, reply }) => {
  test('replies to the message that comes through the tunnel', async () => {
    const cloudflared = createCloudflared()
    const options = await optionsFor(cloudflared.env)
    const world = await worlds.open(
      config({ gateway: { settle: 0 } }),
      { [origin]: () => ({ body: { ok: true } }) },
      options,
    )
    await world.hooks.open()
    world.route(PUBLIC_URLS.cloudflare, new URL(cloudflared.reach(PUBLIC_URLS.cloudflare)).origin)
    const ended = world.next('task', ({ status }) => status !== 'running')
    await expect(world.send(PUBLIC_URLS.cloudflare + path, event)).resolves.toMatchObject({ status: 200 })
    expect(await ended).toMatchObject({ status: 'succeeded' })
    expect(world.service(origin).requests.map(({ body }) => body)).toEqual([reply])
  })
})
