import { describe, expect, test } from '@jest/globals'
import { eventsOf, namesOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const one = { listener: { path: '/done', identify_by: '${body.id}' } }
const two = { listener: { callbacks: [{ path: '/x', identify_by: '${body.id}' }, { path: '/y' }] } }

describe('settle()', () => {
  test.each([{ a: [1] }, 'text', 0, false, null, undefined])('ends the wait with %j', async (result) => {
    const { hooks } = hosts.start(one)
    const wait = hooks.wait(7)
    await expect(hooks.settle('7', result)).resolves.toBe('settled')
    await expect(wait).resolves.toEqual(result)
  })

  test('is kept when nobody waits, and is a duplicate when it came already', async () => {
    const { hooks, post } = await hosts.open(one)
    await expect(hooks.settle('a', 1)).resolves.toBe('parked')
    await expect(hooks.settle('a', 2)).resolves.toBe('duplicate')
    await expect(hooks.wait('a')).resolves.toBe(1)
    await post('/done').send({ id: 'a' })
    expect(hooks.stats()).toMatchObject({ duplicate: 2, parked: 0 })
  })

  test('ends a ticket', async () => {
    const { hooks } = hosts.start(one)
    const { id, result } = hooks.ticket()
    await hooks.settle(id, 'by hand')
    await expect(result).resolves.toBe('by hand')
  })

  test('emits what a callback would', async () => {
    const { hooks } = hosts.start(one)
    const events = eventsOf(hooks)
    const wait = hooks.wait('a', { full: true })
    await hooks.settle('a', 1)
    expect(namesOf(events)).toEqual(['settled'])
    expect(events[0]?.event).toMatchObject({ id: 'a', endpoint: 'POST /done', outcome: { result: 1 } })
    await expect(wait).resolves.toMatchObject({ result: 1, endpoint: 'POST /done' })
  })
})

describe('fail()', () => {
  test('rejects the wait, with the error that it was given as the cause', async () => {
    const { hooks } = hosts.start(one)
    const wait = hooks.wait('a')
    const error = new Error('the operator said no')
    await expect(hooks.fail('a', error)).resolves.toBe('settled')
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', cause: error, id: 'a' })
  })

  test('rejects with ERR_CALLBACK_FAILED where no error is given', async () => {
    const { hooks } = hosts.start(one)
    const wait = hooks.wait('a')
    await hooks.fail('a')
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', id: 'a', endpoint: 'POST /done' })
  })

  test('is kept for a wait to come', async () => {
    const { hooks } = hosts.start(one)
    await expect(hooks.fail('a', new TypeError('early'))).resolves.toBe('parked')
    await expect(hooks.wait('a')).rejects.toMatchObject({ cause: { message: 'early' } })
  })
})

describe('the endpoint of a settlement by hand', () => {
  test('is named by its path where there are several', async () => {
    const { hooks } = hosts.start(two)
    const wait = hooks.wait('a')
    await expect(hooks.settle('a', 1)).rejects.toMatchObject({ code: 'ERR_ENDPOINT_AMBIGUOUS' })
    expect(hooks.stats().waiting).toBe(1)
    await expect(hooks.settle('a', 1, { path: 'x' })).resolves.toBe('settled')
    await expect(wait).resolves.toBe(1)
  })

  test('must exist', async () => {
    const { hooks } = hosts.start(two)
    await expect(hooks.settle('a', 1, { path: '/z' })).rejects.toMatchObject({ code: 'ERR_ENDPOINT_UNKNOWN' })
    await expect(hooks.fail('a', 1, { path: '/z' })).rejects.toMatchObject({ code: 'ERR_ENDPOINT_UNKNOWN' })
  })

  test('needs an id', async () => {
    const { hooks } = hosts.start(one)
    await expect(hooks.settle('', 1)).rejects.toMatchObject({ code: 'ERR_WAIT_ID' })
  })
})

describe('render()', () => {
  test('gives any template against the environment and the sources', async () => {
    const { hooks } = hosts.start(one, { env: { REGION: 'eu' } })
    const template = { where: '${env.REGION}', sum: '${a.b + 1}', none: '${nobody.home}', list: ['${a}'] }
    await expect(hooks.render(template, { a: { b: 2 } })).resolves.toEqual({
      where: 'eu',
      sum: 3,
      none: null,
      list: [{ b: 2 }],
    })
  })

  test('rejects with ERR_TEMPLATE', async () => {
    const { hooks } = hosts.start(one)
    await expect(hooks.render('${a + 1}', { a: 'x' })).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
    await expect(hooks.render('${a')).rejects.toMatchObject({ code: 'ERR_TEMPLATE' })
  })

  test('rejects for a port without gateway rather than give an empty URL', async () => {
    const { hooks } = hosts.start(one)
    await expect(hooks.render('${gateway:8090.public_url}/x')).rejects.toMatchObject({ code: 'ERR_GATEWAY_MISSING' })
  })
})
