import { afterEach, describe, expect, test } from '@jest/globals'
import { callbacks, type CallbacksConfig } from '../../lib'
import { useServices } from '../helpers/fake-service'
import { useHosts } from '../helpers/use-hosts'

const services = useServices()
const hosts = useHosts()

const CONFIG: CallbacksConfig = {
  listener: {
    callbacks: [
      { path: '/done', identify_by: '${query.id}', workflow: false },
      {
        path: '/of/:constructor',
        identify_by: '${query.id}',
        workflow: false,
        result: { p: '${params}', h: '${header}', q: '${query}' },
      },
      { path: '/read', identify_by: '${query.id}', workflow: false, result: '${body.constructor.name}' },
    ],
  },
}

const names = (value: object): readonly string[] => Object.getOwnPropertyNames(value)
const before = names(Object.prototype)

/** Whatever came: no object has a new property, and none has another prototype than before. */
afterEach(() => {
  expect(names(Object.prototype)).toEqual(before)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
  expect(Reflect.get([], 'polluted')).toBeUndefined()
})

const JSON_BODY =
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1}}}'
const FORM_BODY =
  '__proto__=a&__proto__[polluted]=1&constructor[prototype][polluted]=1&constructor=b&__proto__.polluted=1'
const MULTIPART = ['__proto__', '__proto__', 'constructor', '__proto__[polluted]']
  .map((name) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n1\r\n`)
  .join('')

describe('a body with the names of prototypes is data', () => {
  test.each([
    ['application/json', JSON_BODY, ['__proto__', 'constructor', 'a']],
    ['text/plain', JSON_BODY, ['__proto__', 'constructor', 'a']],
    [
      'application/x-www-form-urlencoded',
      FORM_BODY,
      ['__proto__', '__proto__[polluted]', 'constructor[prototype][polluted]', 'constructor', '__proto__.polluted'],
    ],
    ['multipart/form-data; boundary=x', `${MULTIPART}--x--`, ['__proto__', 'constructor', '__proto__[polluted]']],
  ])('%s', async (type, body, keys) => {
    const { hooks, post } = await hosts.open(CONFIG)
    const result = hooks.wait('a', { path: '/done' })
    expect((await post('/done?id=a').type(type).send(body)).status).toBe(200)
    const value = Object(await result)
    expect(names(value)).toEqual(keys)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
  })
})

test('query, headers and parameters with such names reach templates as data, or not at all', async () => {
  const { hooks, post } = await hosts.open(CONFIG)
  const result = hooks.wait('a', { path: '/of/:constructor' })
  const headers = Object.fromEntries(['constructor', '__proto__'].map((name) => [name, 'c']))
  await post('/of/x?id=a&__proto__=1&constructor=2&__proto__[polluted]=1').set(headers).send({})
  const { p, h, q } = Object(await result)
  expect({ ...p }).toEqual({ constructor: 'x' })
  expect(names(q)).toEqual(['id', '__proto__', 'constructor', '__proto__[polluted]'])
  expect(Object.hasOwn(h, 'constructor')).toBe(true)
  expect(h.polluted).toBeUndefined()
})

test('a template reads no constructor that the body has not', async () => {
  const { hooks, post } = await hosts.open(CONFIG)
  const first = hooks.wait('a', { path: '/read' })
  await post('/read?id=a').send({})
  expect(await first).toBeNull()
})

test('an answer with such names is laid under a result with them, and neither changes a prototype', async () => {
  const service = await services.open(() => ({ headers: { 'content-type': 'application/json' }, body: JSON_BODY }))
  const { hooks, post } = await hosts.open({
    listener: { path: '/done', identify_by: '${query.id}' },
    component: {
      endpoint: service.origin,
      body: { id: '${input.id}' },
      completion: { type: 'callback', path: '/done', wait_for: '${input.id}' },
    },
    workflow: { jobs: [{ id: 'constructor' }] },
  })
  const output = hooks.run({ id: 'x' })
  await service.received()
  await post('/done?id=x').type('json').send(JSON_BODY)
  const value = Object(await output)
  expect(names(value)).toEqual(['__proto__', 'constructor', 'a'])
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
})

test('ids, events and tasks may have such names', async () => {
  const { hooks, post } = await hosts.open(CONFIG)
  for (const id of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
    const result = hooks.wait(id, { path: '/done' })
    await post(`/done?id=${id}`).send({ n: id })
    expect(await result).toEqual({ n: id })
    expect(await hooks.task(id)).toBeUndefined()
    expect(() => hooks.on(id as 'settled', () => undefined)).toThrow('There is no event')
  }
})

test('a config with such a key is refused', () => {
  expect(() => callbacks(JSON.parse('{"listener":{"path":"/a","result":{"__proto__":{"polluted":1}}}}'))).toThrow(
    '__proto__',
  )
})
