import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

function open(response: object): ReturnType<typeof hosts.open> {
  return hosts.open({ listener: { path: '/done', identify_by: '${body.id}', response } }, { env: { REGION: 'eu' } })
}

describe('response', () => {
  test.each([
    { response: { body: 'OK' }, status: 200, type: 'text/plain; charset=utf-8', text: 'OK' },
    {
      response: { body: 'got ${body.id} in ${env.REGION}' },
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: 'got a in eu',
    },
    {
      response: { status: 202, body: { id: '${body.id}', n: 1 } },
      status: 202,
      type: 'application/json',
      text: '{"id":"a","n":1}',
    },
    { response: { body: ['${body.id}'] }, status: 200, type: 'application/json', text: '["a"]' },
    { response: { body: '${body.flag}' }, status: 200, type: 'application/json', text: 'true' },
    { response: { body: '${body.missing}' }, status: 200, type: undefined, text: '' },
    { response: { status: 204 }, status: 204, type: undefined, text: '' },
    { response: { status: '${body.code}' }, status: 418, type: undefined, text: '' },
    { response: { status: '${body.missing}' }, status: 200, type: undefined, text: '' },
    { response: { status: '${body.id}', body: 'x' }, status: 200, type: 'text/plain; charset=utf-8', text: 'x' },
    { response: { status: 99 }, status: 200, type: undefined, text: '' },
    {
      response: { body: '<Response/>', headers: { 'Content-Type': 'text/xml' } },
      status: 200,
      type: 'text/xml',
      text: '<Response/>',
    },
    {
      response: { body: { a: 1 }, headers: { 'content-type': 'application/vnd.x+json' } },
      status: 200,
      type: 'application/vnd.x+json',
      text: '{"a":1}',
    },
  ])('$response', async ({ response, status, type, text }) => {
    const { hooks, post } = await open(response)
    const wait = hooks.wait('a')
    const body = { id: 'a', flag: true, code: 418 }
    const answer = await post('/done').send(body)
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([status, type, text])
    await expect(wait).resolves.toEqual(body)
  })

  test('has headers from templates; a missing one is left out', async () => {
    const { post } = await open({ headers: { 'X-Id': '${body.id}', 'X-N': 5, 'X-None': '${body.none}' } })
    const { headers } = await post('/done').send({ id: 'a' })
    expect(headers).toMatchObject({ 'x-id': 'a', 'x-n': '5' })
    expect(headers).not.toHaveProperty('x-none')
  })

  test('is the answer to everything that is acknowledged', async () => {
    const { hooks, post } = await hosts.open({
      listener: {
        path: '/done',
        identify_by: '${body.id}',
        status: '${body.s}',
        success_when: 'ok',
        response: { status: 201, body: 'yes' },
      },
    })
    const wait = hooks.wait('a')
    const bodies = [{ id: 'a', s: 'run' }, { id: 'a', s: 'ok' }, { id: 'a', s: 'ok' }, { id: 'b', s: 'ok' }, {}]
    for (const body of bodies) {
      const answer = await post('/done').send(body)
      expect([answer.status, answer.text]).toEqual([201, 'yes'])
    }
    await wait
    expect(hooks.stats()).toMatchObject({ pending: 1, settled: 1, duplicate: 1, parked: 1, unidentified: 1 })
  })

  test('is not the answer to what is refused', async () => {
    const { post } = await open({ status: 201, body: 'yes' })
    const answer = await post('/done').send({ id: [] })
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
  })
})

describe('a response that cannot be made', () => {
  const broken = [
    { what: 'a template that fails', response: { status: 201, body: '${body.text + 1}', headers: { 'X-A': 'a' } } },
    { what: 'a line break in a header', response: { status: 201, headers: { 'X-A': 'a', 'X-Text': '${body.text}' } } },
    { what: 'a name that is no header', response: { status: 201, headers: { 'X Bad': 'a' } } },
    { what: 'a letter that no header may hold', response: { status: 201, headers: { 'X-Text': '☃' } } },
  ]

  test.each(broken)('neither loses the callback nor makes the sender repeat it: $what', async ({ response }) => {
    const { hooks, post, log } = await open(response)
    const wait = hooks.wait('a')
    const body = { id: 'a', text: 'x\r\nSet-Cookie: stolen=1' }
    const answer = await post('/done').send(body)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(answer.headers).not.toHaveProperty('x-a')
    await expect(wait).resolves.toEqual(body)
    expect(log.filter(({ level }) => level === 'warn' || level === 'error')).toHaveLength(1)
  })
})
