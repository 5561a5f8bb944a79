import { describe, expect, test } from '@jest/globals'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', identify_by: '${body.id}', result: '${body}', body_limit: '20mb' }

async function expectGood({ hooks, post }: Host): Promise<void> {
  const wait = hooks.wait('good')
  expect((await post('/done').send({ id: 'good' })).status).toBe(200)
  await expect(wait).resolves.toEqual({ id: 'good' })
}

const nest = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth)

describe('what is nested too deep', () => {
  test.each<[string, string, string]>([
    ['lists under JSON', 'application/json', nest('[', ']', 10_000)],
    ['lists that never end', 'application/json', '['.repeat(1_000_000)],
    ['mappings', 'application/json', nest('{"a":', '}', 10_000).replace('}', '1}')],
    ['both by turns, with spaces', 'application/json', nest(' [ {"a" : ', ' } ] ', 5000).replace('}', '1}')],
    ['one level too many', 'application/json', nest('[', ']', 101)],
    ['text that is read as JSON', 'text/plain', nest('[', ']', 10_000)],
    ['no type at all', '', nest('[', ']', 10_000)],
    ['+json', 'application/x+json', nest('{"a":', '}', 10_000)],
    ['utf-16', 'application/json; charset=utf-16le', Buffer.from(nest('[', ']', 500), 'utf16le').toString('latin1')],
  ])('is refused: %s', async (_, type, text) => {
    const host = await hosts.open({ listener })
    const answer = await fetch(`${host.origin}/done`, {
      method: 'POST',
      body: Buffer.from(text, 'latin1'),
      headers: type === '' ? {} : { 'content-type': type },
    })
    expect([answer.status, await answer.text()]).toEqual([400, '{"error":"ERR_BODY_DEPTH"}'])
    await expectGood(host)
  })

  test('stays text in a form, which has no depth', async () => {
    const host = await hosts.open({ listener })
    const deep = nest('[', ']', 10_000)
    const wait = host.hooks.wait('a')
    const answer = await host
      .post('/done')
      .type('form')
      .send(`id=a&deep=${deep}&${'x[y]'.repeat(1000)}=1`)
    expect(answer.status).toBe(200)
    await expect(wait).resolves.toMatchObject({ id: 'a', deep })
    await expectGood(host)
  })
})

describe('what is no JSON', () => {
  test.each([
    '{',
    '}',
    '[1,]',
    "{'id':'a'}",
    '{id:"a"}',
    '{"id":"a"}{"id":"b"}',
    '{"id":NaN}',
    '{"id":01}',
    'undefined',
    '"open',
    '"\u0001"',
    '\u0000',
    '{"id":"a"}\u0000',
    '// comment\n{"id":"a"}',
    'id=a',
    '<id>a</id>',
    '${body}',
  ])('%j is refused', async (text) => {
    const host = await hosts.open({ listener })
    const answer = await host.post('/done').type('json').send(text)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_BODY_MALFORMED"}'])
    expect(host.hooks.stats()).toMatchObject({ received: 0, rejected: 1, parked: 0 })
    await expectGood(host)
  })
})

describe('names of a prototype', () => {
  const text =
    '{"id":"a","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x","hasOwnProperty":1}'
  const expectClean = (): void => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect({}.toString()).toBe('[object Object]')
  }

  test('come back in JSON as they were sent', async () => {
    const host = await hosts.open({ listener })
    const wait = host.hooks.wait('a')
    expect((await host.post('/done').type('json').send(text)).status).toBe(200)
    expect(JSON.stringify(await wait)).toBe(text)
    expectClean()
  })

  test.each(['form', 'query'])('come back in a %s as they were sent', async (where) => {
    const host = await hosts.open({ listener: { path: '/done', result: where === 'form' ? '${body}' : '${query}' } })
    const pairs = '__proto__=1&__proto__=2&constructor=c&__proto__%5Bpolluted%5D=1&toString=t&hasOwnProperty=h'
    const wait = host.hooks.wait('x')
    const sent = where === 'form' ? host.post('/done').type('form').send(pairs) : host.post(`/done?${pairs}`)
    expect((await sent).status).toBe(200)
    expect(JSON.stringify(await wait)).toBe(
      '{"__proto__":["1","2"],"constructor":"c","__proto__[polluted]":"1","toString":"t","hasOwnProperty":"h"}',
    )
    expectClean()
  })

  test.each([
    ['${body.__proto__}', { polluted: 1 }],
    ['${body.constructor.prototype.polluted}', 1],
    ['${body.toString}', 'x'],
    ['${body.valueOf}', null],
    ['${body.__defineGetter__}', null],
  ])('%s reads what was sent and nothing else', async (result, expected) => {
    const host = await hosts.open({ listener: { ...listener, result } })
    const wait = host.hooks.wait('a')
    await host.post('/done').type('json').send(text)
    await expect(wait).resolves.toEqual(expected)
  })

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    '%s may be an id and a status',
    async (name) => {
      const host = await hosts.open({
        listener: {
          path: '/done',
          identify_by: '${body.id}',
          status: '${body.s}',
          success_when: ['ok'],
          fail_when: ['bad'],
        },
      })
      const wait = host.hooks.wait(name)
      await host.post('/done').send({ id: name, s: name })
      expect(host.hooks.stats()).toMatchObject({ waiting: 1, pending: 1 })
      await host.post('/done').send({ id: name, s: 'ok' })
      await expect(wait).resolves.toEqual({ id: name, s: 'ok' })
    },
  )
})

test('10 MB are read when that is allowed, and refused when not', async () => {
  const big = { id: 'a', pad: 'x'.repeat(10 * 1024 * 1024) }
  const host = await hosts.open({ listener })
  const wait = host.hooks.wait('a')
  expect((await host.post('/done').send(big)).status).toBe(200)
  expect(await wait).toHaveProperty('pad.length', big.pad.length)
  const small = await hosts.open({ listener: { ...listener, body_limit: '1mb' } })
  const answer = await small.post('/done').send(big)
  expect([answer.status, answer.text]).toEqual([413, '{"error":"ERR_BODY_TOO_LARGE"}'])
  await expectGood(small)
})
