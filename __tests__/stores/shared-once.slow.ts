import { once } from 'node:events'
import type { Server } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { callbacks, type Callbacks, type CallbacksConfig } from '../../lib'
import { createLog, describeBoth, until } from './use-shared-ledgers'

interface Instance {
  readonly hooks: Callbacks
  readonly started: string[]
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<number>
}

describeBoth('two instances that get the same at once', (server) => {
  const opened: { readonly hooks: Callbacks; readonly listening: Server }[] = []
  let prefixes = 0
  afterEach(async () => {
    prefixes += 1
    for (const { hooks, listening } of opened.splice(0)) {
      await hooks.close()
      listening.close()
      listening.closeAllConnections()
    }
  })

  function config(): CallbacksConfig {
    return {
      store: { type: server.type, url: server.url, prefix: `once-${process.pid}-${prefixes}` },
      listener: {
        callbacks: [
          { path: '/news', identify_by: '${body.id}', workflow: 'noted' },
          { path: '/queue', result: '${body.n}', dedupe_by: '${header.x-delivery}' },
        ],
      },
      workflows: { noted: { jobs: [{ id: 'note', component: 'logger', input: { data: '${input.id}' } }] } },
    }
  }

  async function start(): Promise<Instance> {
    const { logger } = createLog()
    const hooks = callbacks(config(), { logger })
    const started: string[] = []
    hooks.on('started', ({ task }) => void started.push(task))
    await hooks.open()
    const listening = hooks.createServer().listen(0, '127.0.0.1')
    await once(listening, 'listening')
    opened.push({ hooks, listening })
    const address = listening.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    return {
      hooks,
      started,
      async post(path, body, headers = {}) {
        const init = { method: 'POST', body: JSON.stringify(body) }
        const response = await fetch(`${origin}${path}`, {
          ...init,
          headers: { 'content-type': 'application/json', ...headers },
        })
        await response.arrayBuffer()
        return response.status
      },
    }
  }

  test('300 events are 300 runs, each told once', async () => {
    const instances = [await start(), await start()]
    const ids = Array.from({ length: 300 }, (_, index) => `event-${index}`)
    const sent = ids.flatMap((id) => instances.map((instance) => instance.post('/news', { id })))
    expect(new Set(await Promise.all(sent))).toEqual(new Set([200]))
    const total = (of: (instance: Instance) => number): number => instances.reduce((sum, one) => sum + of(one), 0)
    await until(() => total(({ hooks }) => hooks.stats().tasks.succeeded) >= 300)
    const started = instances.flatMap((instance) => instance.started)
    expect([started.length, new Set(started).size]).toEqual([300, 300])
    expect(total(({ hooks }) => hooks.stats().tasks.succeeded)).toBe(300)
    expect(total(({ hooks }) => hooks.stats().duplicate)).toBe(300)
  })

  test('three equal deliveries end one of two waits', async () => {
    const instances = [await start(), await start()]
    const ends: unknown[] = []
    for (const { hooks } of instances)
      hooks.wait('any', { path: '/queue', timeout: '30s' }).then(
        (result) => ends.push(result),
        () => undefined,
      )
    const [one, other] = instances
    for (let n = 0; n < 2; n += 1) {
      const headers = { 'x-delivery': `delivery-${n}` }
      const sent = [one, other, one].map(async (instance) => instance?.post('/queue', { n }, headers))
      expect(await Promise.all(sent)).toEqual([200, 200, 200])
      await until(() => ends.length > n)
      expect(ends).toEqual([0, 1].slice(0, n + 1))
    }
  })
})
