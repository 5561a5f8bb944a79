import { describe, expect, test } from '@jest/globals'
import { gatewayPortsOf } from '../../lib/gateway/gateways'
import { compileTemplate } from '../../lib/template/compile'
import { createFakeDriver, REFUSED, setUp, turns } from './fake-tunnels'

const config = {
  gateways: [
    { driver: 'mine', port: [8091, 8090] },
    { public_url: 'https://hooks.example:8443/base', port: 7000 },
  ],
}

function setUpAll() {
  const mine = createFakeDriver()
  return { mine, ...setUp(config, { mine: mine.driver }) }
}

describe('several gateways', () => {
  test('open() opens all at the same time', async () => {
    const { mine, gateways, states } = setUpAll()
    const opening = gateways.open()
    expect(mine.attempts.map(({ request }) => request.port)).toEqual([9091, 9090])
    mine.attempts[1]?.open('https://b.example')
    mine.attempts[0]?.open('https://a.example')
    await opening
    expect([8091, 8090, 7000, 1].map(gateways.publicUrlOf)).toEqual([
      'https://a.example',
      'https://b.example',
      'https://hooks.example:8443/base',
      undefined,
    ])
    expect(states()).toEqual(['8091 starting', '8090 starting', '7000 ready', '8090 ready', '8091 ready'])
  })

  test('open() rejects with the first failure, after all have been tried', async () => {
    const { mine, gateways, stateOf } = setUpAll()
    const opening = gateways.open()
    let done = false
    const refused = expect(opening.finally(() => (done = true))).rejects.toMatchObject({
      message: 'The gateway of port 8091 could not be opened by the driver "mine": no such user',
    })
    mine.attempts[0]?.fail(REFUSED)
    await new Promise(setImmediate)
    expect(done).toBe(false)
    mine.attempts[1]?.open()
    await refused
    expect([8091, 8090, 7000].map(stateOf)).toEqual(['failed', 'ready', 'ready'])
  })

  test('open() again tries those alone that failed', async () => {
    const { mine, gateways } = setUpAll()
    const opening = gateways.open()
    mine.attempts[0]?.fail(REFUSED)
    mine.attempts[1]?.open()
    await expect(opening).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTH' })
    const again = gateways.open()
    mine.attempts[2]?.open('https://a.example')
    await again
    expect(mine.attempts.map(({ request }) => request.port)).toEqual([9091, 9090, 9091])
  })

  test('ready() opens those alone that are asked for', async () => {
    const { mine, gateways, stateOf } = setUpAll()
    const opening = gateways.ready([8090])
    mine.last.open()
    await opening
    expect([8091, 8090].map(stateOf)).toEqual(['idle', 'ready'])
    await gateways.ready([])
    expect(mine.attempts).toHaveLength(1)
  })

  test('ready() for a port without gateway opens nothing', async () => {
    const { mine, gateways } = setUpAll()
    await expect(gateways.ready([8090, 1])).rejects.toMatchObject({
      code: 'ERR_GATEWAY_MISSING',
      message: 'There is no gateway for port 1; add one to "gateway" in the config, or write a public URL',
    })
    expect(mine.attempts).toHaveLength(0)
  })

  test('none at all open at once', async () => {
    const { gateways } = setUp({})
    await gateways.open()
    expect(gateways.statuses.size).toBe(0)
    await gateways.close()
    await expect(gateways.open()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('their statuses are one view, which changes by itself and keeps the order of the config', async () => {
    const { mine, gateways } = setUpAll()
    const { statuses } = gateways
    const statesNow = () => [...statuses].map(([port, { state }]) => `${port} ${state}`)
    expect(statesNow()).toEqual(['8091 idle', '8090 idle', '7000 ready'])
    const opening = gateways.ready([8090])
    expect(statesNow()).toEqual(['8091 idle', '8090 starting', '7000 ready'])
    mine.last.open()
    await opening
    expect(statesNow()).toEqual(['8091 idle', '8090 ready', '7000 ready'])
    await gateways.close()
    expect(statesNow()).toEqual(['8091 closed', '8090 closed', '7000 closed'])
    expect(gateways.statuses).toBe(statuses)
  })

  test('a status that was handed out does not change', async () => {
    const { mine, gateways } = setUpAll()
    const before = gateways.statuses.get(8090)
    const opening = gateways.ready([8090])
    mine.last.open()
    await opening
    expect(before).toMatchObject({ state: 'idle' })
    expect(Object.isFrozen(before)).toBe(true)
  })
})

describe('${gateway:PORT}', () => {
  const render = (template: string, gateway: object): unknown =>
    compileTemplate(template, { at: 'template' }).render({ gateway })

  test.each([
    ['${gateway:7000.public_url}/done', 'https://hooks.example:8443/base/done'],
    ['${gateway:7000.port}', 7000],
    ['${gateway:7000.public_address}', 'hooks.example:8443'],
    ['${gateway:7000.driver}', 'static'],
    ['${gateway:7000.state}', 'ready'],
    ['${gateway[7000].port}', 7000],
    ['${gateway["7000"].port}', 7000],
    ['${gateway:7000.nothing}', null],
    ['${gateway.nothing}', null],
  ])('%s is %j', (template, expected) => {
    expect(render(template, setUpAll().gateways.context)).toBe(expected)
  })

  test('reads the URL of a tunnel, also a new one', async () => {
    const { mine, gateways, clock } = setUpAll()
    const read = () => render('${gateway:8090.driver} at ${gateway:8090.public_address}', gateways.context)
    for (const name of ['a.example', 'b.example']) {
      const opening = gateways.ready([8090])
      clock.advance(1000)
      await turns()
      mine.last.open(`https://${name}`)
      await opening
      expect(read()).toBe(`mine at ${name}`)
      mine.last.end()
      await new Promise(setImmediate)
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY' }))
    }
  })

  test.each([
    ['${gateway:1.public_url}', 'ERR_GATEWAY_MISSING'],
    ['${gateway[1].public_url}', 'ERR_GATEWAY_MISSING'],
    ['at ${gateway:1.public_url | "x"}', 'ERR_GATEWAY_MISSING'],
    ['${gateway:8090.public_url}', 'ERR_GATEWAY_NOT_READY'],
    ['${gateway[8090].public_url}', 'ERR_GATEWAY_NOT_READY'],
    ['${gateway:8090.state | "x"}', 'ERR_GATEWAY_NOT_READY'],
    ['${gateway[*].public_url}', 'ERR_GATEWAY_NOT_READY'],
  ])('%s is an error, never empty text', (template, code) => {
    const { gateways } = setUpAll()
    expect(() => render(template, gateways.context)).toThrow(expect.objectContaining({ code }))
  })

  test('is an error while the tunnel starts and after close()', async () => {
    const { gateways } = setUpAll()
    const opening = expect(gateways.ready([8090])).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    const read = () => render('${gateway:8090.public_url}', gateways.context)
    expect(read).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY' }))
    await gateways.close()
    await opening
    expect(read).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })

  test('lists every gateway', () => {
    const { gateways } = setUp({ gateway: { public_url: 'https://hooks.example', port: [1, 2] } })
    expect(render('${gateway[*].port}', gateways.context)).toEqual([1, 2])
    expect(render('at ${gateway}', gateways.context)).toContain('"2":{"public_url":"https://hooks.example"')
  })

  test('cannot be written to', () => {
    const { context } = setUpAll().gateways
    expect(Reflect.set(context, '7000', {})).toBe(false)
    expect(Reflect.defineProperty(context, 'x', { value: 1 })).toBe(false)
  })
})

describe('gatewayPortsOf()', () => {
  test.each([
    ['${gateway:8090.public_url}/x?y=${gateway:7000.port}', [8090, 7000]],
    ['${gateway["8090"].public_url}', [8090]],
    ['${gateway[8090].public_url}', [8090]],
    ['${input.url | ${gateway:8090.public_url}}', [8090]],
    [{ a: ['${gateway:8090.public_url}', { b: '${gateway:8090.port}' }] }, [8090]],
    ['${gateway.web.public_url} ${gateway} ${gateway[*].port} ${gateway[-1]}', []],
    ['${body.gateway} ${jobs.8090.output}', []],
  ])('of %j are %j', (source, ports) => {
    expect([...gatewayPortsOf([undefined, compileTemplate(source, { at: 'template' })])]).toEqual(ports)
  })

  test('of several templates are those of all, each once', () => {
    const templates = ['${gateway:1.port}', '${gateway:2.port}', '${gateway:1.port}']
    const compiled = templates.map((text) => compileTemplate(text, { at: 'template' }))
    expect([...gatewayPortsOf(compiled)]).toEqual([1, 2])
  })
})
