import { expect, test } from '@jest/globals'
import { createFakeDriver, setUp, turns } from './fake-tunnels'

const config = { gateway: { public_url: 'https://hooks.example/', port: 8090 } }
const line = {
  level: 'info',
  message: '[Gateway] Public URL: https://hooks.example',
  details: { port: 8090, driver: 'static' },
}

test('is ready from the start, before anybody opens it', async () => {
  const { gateways, log, events } = setUp(config)
  expect(gateways.publicUrlOf(8090)).toBe('https://hooks.example')
  expect(gateways.statuses.get(8090)).toEqual({
    port: 8090,
    driver: 'static',
    state: 'ready',
    publicUrl: 'https://hooks.example',
    publicAddress: 'hooks.example',
    previousUrl: undefined,
    error: undefined,
  })
  await turns()
  expect([log, events]).toEqual([[], []])
})

test('logs its URL and tells of it when it is opened, once', async () => {
  const { gateways, log, states } = setUp(config)
  await Promise.all([gateways.open(), gateways.ready([8090]), gateways.open()])
  await gateways.open()
  expect(log).toEqual([line])
  expect(states()).toEqual(['8090 ready'])
})

test('a driver of the app is asked although there is a URL, and is told of it', async () => {
  const mine = createFakeDriver()
  const { gateways, stateOf } = setUp({ gateway: { ...config.gateway, driver: 'mine' } }, { mine: mine.driver })
  expect(stateOf(8090)).toBe('idle')
  const opening = gateways.open()
  mine.last.open('https://other.example')
  await opening
  expect(mine.last.request.options).toMatchObject({ publicUrl: 'https://hooks.example' })
  expect(gateways.publicUrlOf(8090)).toBe('https://other.example')
})

test('"driver: static" with a URL is static whatever the app brings', async () => {
  const fake = createFakeDriver()
  const { gateways } = setUp({ gateway: { ...config.gateway, driver: 'static' } }, { static: fake.driver })
  await gateways.open()
  expect(fake.attempts).toHaveLength(0)
})

test('keeps its URL when it is closed, but opens no more', async () => {
  const { gateways, states, stateOf } = setUp(config)
  await gateways.close()
  await gateways.close()
  expect(stateOf(8090)).toBe('closed')
  expect(states()).toEqual(['8090 closed'])
  expect(gateways.publicUrlOf(8090)).toBe('https://hooks.example')
  await expect(gateways.ready([8090])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(gateways.open()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})
