import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig, CallbacksOptions } from '../../lib'
import { createFakeDriver, REFUSED } from '../gateway/fake-tunnels'
import { drawing, finish, until, useFlows } from './use-flows'

const flows = useFlows()
const GATE = 'https://gate.example'

/** A config whose callback URL is that of a tunnel which the test opens. */
function tunnelled(url: string): {
  config: CallbacksConfig
  options: CallbacksOptions
  fake: ReturnType<typeof createFakeDriver>
} {
  const fake = createFakeDriver()
  return {
    fake,
    config: {
      ...drawing({ body: { id: '${context.run_id}', url } }),
      gateway: { type: 'http-tunnel', driver: 'ngrok', port: 8090 },
    },
    options: { tunnels: { ngrok: fake.driver } },
  }
}

describe('a job that reads the public URL of a gateway', () => {
  test.each([
    ['by name', '${gateway:8090.public_url}/done', /^https:\/\/gate\.example\/done$/],
    ['by a ticket', '${callback.url}', /^https:\/\/gate\.example\/done\?callback_id=/],
  ])('%s opens it, and sends nothing before it is there', async (_, url, expected) => {
    const { config, options, fake } = tunnelled(url)
    const flow = await flows.open(config, undefined, options)
    const output = flow.hooks.run()
    await until(() => fake.attempts.length === 1, 'the tunnel is opened')
    expect(flow.service.requests).toEqual([])
    fake.last.open(GATE)
    const { body } = await flow.service.received()
    expect(Object(body).url).toMatch(expected)
    const { ids = [] } = await flow.told('draw', 'waiting')
    const query = new URL(Object(body).url).search
    await flow.callback({ id: ids[0], status: 'ok', value: 1 }, `/done${query}`)
    await expect(output).resolves.toBe(1)
    expect(flow.log.filter(({ message }) => message.includes('which no gateway has'))).toEqual([])
  })

  test('fails when the gateway does', async () => {
    const { config, options, fake } = tunnelled('${gateway:8090.public_url}/done')
    const flow = await flows.open(config, undefined, options)
    const output = flow.hooks.run()
    await until(() => fake.attempts.length === 1, 'the tunnel is opened')
    fake.last.fail(REFUSED)
    await expect(output).rejects.toMatchObject({
      code: 'ERR_GATEWAY_AUTH',
      message: expect.stringContaining('Job "draw"'),
    })
    expect(flow.service.requests).toEqual([])
  })

  test('does not hold its task back from being cancelled', async () => {
    const { config, options, fake } = tunnelled('${gateway:8090.public_url}/done')
    const flow = await flows.open(config, undefined, options)
    const task = await flow.hooks.submit()
    await until(() => fake.attempts.length === 1, 'the tunnel is opened')
    await expect(task.cancel()).resolves.toBe(true)
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    fake.last.open(GATE)
  })

  test('of a port without gateway fails, and is not repeated', async () => {
    const { config, options } = tunnelled('${gateway:9999.public_url}/done')
    const { workflow: _, ...rest } = config
    const flow = await flows.open({ ...rest, workflow: { jobs: [{ id: 'draw', retry: {} }] } }, undefined, options)
    await expect(flow.hooks.run()).rejects.toMatchObject({ code: 'ERR_GATEWAY_MISSING' })
    expect(flow.jobs.map(({ status }) => status)).toEqual(['running', 'failed'])
  })
})

test('a job that reads no gateway does not wait for one', async () => {
  const { config, options, fake } = tunnelled('http://localhost:8090/done')
  const flow = await flows.open(config, undefined, options)
  const output = flow.hooks.run()
  await finish(flow, 'draw', 1)
  await expect(output).resolves.toBe(1)
  expect(fake.attempts).toEqual([])
})
