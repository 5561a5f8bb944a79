import { writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import {
  createKey,
  createKeyFolder,
  createSshUser,
  type Sshd,
  type SshUser,
  startSshd,
  withoutPassword,
  withoutSshd,
} from '../tunnels/use-sshd'
import { type Config, describeEditions } from './editions'
import { useWorlds, type World } from './use-worlds'

// 13.2.4 with a real sshd on this machine in the place of the remote server.

const worlds = useWorlds()
const SERVICE = 'https://api.external-service.com'

let folder: string
let hostKey: string
let key: string
let user: SshUser
let sshd: Sshd

beforeAll(() => {
  if (withoutSshd !== undefined) return
  folder = createKeyFolder()
  hostKey = createKey(folder, 'host')
  key = createKey(folder, 'login')
  user = createSshUser()
})

afterEach(async () => {
  if (withoutSshd !== undefined) return
  sshd.signal('SIGCONT')
  await sshd.close()
})

afterAll(() => {
  if (withoutSshd !== undefined) return
  user.remove()
  rmSync(folder, { recursive: true })
})

/** A workflow that waits for its callback, which the tunnel brings. */
const WORKFLOW = {
  listener: { port: 8080, path: '/callback', identify_by: '${body.id}', result: '${body.result}' },
  components: {
    service: {
      type: 'http-client',
      base_url: SERVICE,
      method: 'POST',
      body: { url: '${gateway:8080.public_url}/callback', id: '${context.run_id}' },
      output: '${result}',
    },
  },
  workflow: { jobs: [{ id: 'ask', component: 'service' }] },
}

interface Login {
  /** What the gateway logs in with, over what the config says. */
  readonly auth: () => object
  /** Why this cannot be shown here. */
  readonly without: string | undefined
}

const byKey: Login = { auth: () => ({ username: user.name, keyfile: key }), without: withoutSshd }
const byPassword: Login = {
  auth: () => ({ username: user.name, password: user.password }),
  without: withoutPassword,
}

const LOGINS: Readonly<Record<string, Login>> = { 14: byKey, 15: byPassword }

async function openWorld(config: Config, { auth }: Login): Promise<World & { readonly publicUrl: string }> {
  sshd = await startSshd({ hostKeys: [hostKey], authorized: [`${key}.pub`] })
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, sshd.knownHosts)
  const [port = 0] = await findFreePorts(1)
  const connection = {
    host: '127.0.0.1',
    port: sshd.port,
    known_hosts: knownHosts,
    keepalive_interval: '100ms',
    auth: auth(),
  }
  const more = { ...WORKFLOW, gateway: { port: '0:8080', connection } }
  const world = await worlds.open(config(more), { [SERVICE]: () => ({ status: 202 }) }, { tunnels: {}, port })
  await world.hooks.open()
  const publicUrl = world.hooks.gateways.get(8080)?.publicUrl ?? ''
  world.route(publicUrl, publicUrl)
  return { ...world, publicUrl }
}

/** Starts the workflow, and gives what its service was asked when it has been. */
async function ask({ hooks, service }: World) {
  const output = hooks.run()
  const { body } = await service(SERVICE).received()
  const { url, id } = Object(body)
  return { output, url: String(url), id: String(id) }
}

/** Lets the gateway come back: its pauses go by at once. */
async function untilReady({ hooks, clock }: World): Promise<void> {
  while (hooks.gateways.get(8080)?.state !== 'ready') {
    if (hooks.gateways.get(8080)?.state === 'restarting') clock.advance(1000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function untilLost({ hooks }: World): Promise<void> {
  while (hooks.gateways.get(8080)?.state === 'ready') await new Promise((resolve) => setTimeout(resolve, 5))
}

describeEditions('a workflow behind an ssh tunnel', LOGINS, (config, login) => {
  const testIt = login.without === undefined ? test : test.skip
  const name = (text: string): string => (login.without === undefined ? text : `${text} (skipped: ${login.without})`)

  testIt(name('goes on with the callback that comes through it'), async () => {
    const world = await openWorld(config, login)
    expect(world.publicUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const { output, url, id } = await ask(world)
    expect(url).toBe(`${world.publicUrl}/callback`)
    await expect(world.send(url, { id, result: 'done' })).resolves.toEqual({ status: 200, text: '' })
    await expect(output).resolves.toBe('done')
  })

  testIt(name('survives a server that is killed and comes back'), async () => {
    const world = await openWorld(config, login)
    const { output, url, id } = await ask(world)
    const { port } = sshd
    await sshd.close()
    await untilLost(world)
    sshd = await startSshd({ hostKeys: [hostKey], authorized: [`${key}.pub`], port })
    await untilReady(world)
    expect(world.hooks.gateways.get(8080)?.publicUrl).toBe(world.publicUrl)
    await expect(world.send(url, { id, result: 'done' })).resolves.toEqual({ status: 200, text: '' })
    await expect(output).resolves.toBe('done')
  })

  testIt(name('survives a server that freezes'), async () => {
    const world = await openWorld(config, login)
    const { output, id } = await ask(world)
    sshd.signal('SIGSTOP')
    await untilLost(world)
    sshd.signal('SIGCONT')
    await untilReady(world)
    const { publicUrl = '' } = world.hooks.gateways.get(8080) ?? {}
    world.route(publicUrl, publicUrl)
    await expect(world.send(`${publicUrl}/callback`, { id, result: 'done' })).resolves.toEqual({
      status: 200,
      text: '',
    })
    await expect(output).resolves.toBe('done')
  })
})
