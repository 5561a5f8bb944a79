import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const ID = '7615917337495251231'

describe('an id beyond 2^53', () => {
  test.each<[string, string, string, string?]>([
    ['JSON', 'application/json', `{"id":${ID}}`],
    ['JSON with spaces', 'application/json', `{ "id" : ${ID} , "b" : [1] }`],
    ['a negative one', 'application/json', `{"id":-${ID}}`, `-${ID}`],
    ['the first unsafe one', 'application/json', '{"id":9007199254740992}', '9007199254740992'],
    ['forty digits', 'application/vnd.a+json', `{"id":${'1234567890'.repeat(4)}}`, '1234567890'.repeat(4)],
    ['JSON labelled as text', 'text/plain', `{"id":${ID}}`],
    ['JSON in another charset', 'application/json; charset=utf-16le', `{"id":${ID}}`],
  ])('is taken from %s', async (_name, type, text, id = ID) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}' } })
    const wait = hooks.wait(id)
    const bytes = Buffer.from(text, type.includes('utf-16') ? 'utf16le' : 'utf8')
    const answer = await post('/done')
      .set('content-type', type)
      .serialize((body) => body)
      .send(bytes)
    expect([answer.status, answer.text]).toEqual([200, ''])
    await expect(wait).resolves.toMatchObject({ id })
  })

  test.each([
    ['payload', '${(body.payload as json).task.id}', `payload=${encodeURIComponent(`{"task":{"id":${ID}}}`)}`],
    ['as text', '${body.id}', `id=${ID}`],
    ['as an integer', '${body.id as integer}', `id=${ID}`],
  ])('is taken from a form: %s', async (_name, identify_by, form) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by, result: 'there' } })
    const wait = hooks.wait(ID)
    expect((await post('/done').type('form').send(form)).status).toBe(200)
    await expect(wait).resolves.toBe('there')
  })

  test('is taken from a packed body, one of a list, and beside its neighbour', async () => {
    const { hooks, post } = await hosts.open({
      listener: {
        path: '/done',
        bulk: true,
        item: '${body.items}',
        identify_by: '${item.id}',
        dedupe_by: '${item.n as integer}',
      },
    })
    const waits = [ID, '7615917337495251232'].map((id) => hooks.wait(id))
    const body = gzipSync(`{"items":[{"id":${ID},"n":12345678901234567890},{"id":7615917337495251232,"n":1}]}`)
    const answer = await post('/done')
      .set({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .serialize((bytes) => bytes)
      .send(body)
    expect(answer.status).toBe(200)
    expect(await Promise.all(waits)).toEqual([
      { id: ID, n: '12345678901234567890' },
      { id: '7615917337495251232', n: 1 },
    ])
  })
})

describe('a result', () => {
  test.each<[string, unknown]>([
    ['${body}', { id: ID, n: '12345678901234567890', list: ['9007199254740993', 1, 0.1, '9'], key: { [ID]: ID } }],
    ['${body.id as integer}', ID],
    ['${body.id + 1}', '7615917337495251232'],
    ['${body.list as integer[]}', ['9007199254740993', 1, 0, 9]],
    ['n ${body.n}', 'n 12345678901234567890'],
  ])('%s holds digits as text', async (result, expected) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}', result } })
    const wait = hooks.wait(ID)
    const body = `{"id":${ID},"n":12345678901234567890,"list":[9007199254740993,1,0.1,"9"],"key":{"${ID}":${ID}}}`
    await post('/done').type('json').send(body).expect(200)
    await expect(wait).resolves.toEqual(expected)
  })
})

describe('an answer to the sender', () => {
  test.each([
    [{ id: '${body.id as integer}' }, `{"id":${ID}}`],
    [{ id: '${body.id}' }, `{"id":"${ID}"}`],
    ['${body.id as integer}', ID],
  ])('%j is %s', async (body, expected) => {
    const { post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}', response: { body } } })
    const answer = await post('/done').type('json').send(`{"id":${ID}}`)
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'application/json', expected])
  })
})

describe('a status', () => {
  test.each([
    [7615917337495251000, 'failed'],
    ['7615917337495251231', 'succeeded'],
  ])('%p is not rounded to another: %s', async (success_when, outcome) => {
    const { hooks, post } = await hosts.open({
      listener: {
        path: '/done',
        identify_by: '${body.id}',
        status: '${body.code}',
        success_when,
        fail_when: ID === success_when ? ['x'] : [ID],
      },
    })
    const wait = hooks.wait('a').then(
      () => 'succeeded',
      () => 'failed',
    )
    await post('/done').type('json').send(`{"id":"a","code":${ID}}`).expect(200)
    expect(await wait).toBe(outcome)
  })
})

describe('Pub/Sub push: base64 of JSON in message.data', () => {
  const push = (value: unknown): object => ({
    message: { data: Buffer.from(JSON.stringify(value)).toString('base64'), messageId: '1', attributes: {} },
    subscription: 'projects/a/subscriptions/b',
  })

  test.each<[string, object]>([
    [
      'item',
      { item: '${body.message.data as unbase64 as json}', identify_by: '${item.task_id}', result: '${item.url}' },
    ],
    [
      'parentheses',
      {
        identify_by: '${(body.message.data as unbase64 as json).task_id}',
        result: '${(body.message.data as unbase64 as json).url}',
      },
    ],
  ])('is read by %s', async (_name, keys) => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', ...keys } })
    const wait = hooks.wait('größe-1')
    await post('/done')
      .send(push({ task_id: 'größe-1', url: 'https://a/b.png' }))
      .expect(200)
    await expect(wait).resolves.toBe('https://a/b.png')
  })

  test('the item is the result where there is none', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', item: '${body.message.data as unbase64 as json}', identify_by: '${item.id}' },
    })
    const wait = hooks.wait(ID)
    const data = Buffer.from(`{"id":${ID},"ok":true}`).toString('base64url')
    await post('/done').send({ message: { data } }).expect(200)
    await expect(wait).resolves.toEqual({ id: ID, ok: true })
  })

  test.each([
    ['no base64', { message: { data: 'not base64!' } }, 400],
    ['no JSON in it', { message: { data: Buffer.from('text').toString('base64') } }, 400],
    ['no text', { message: { data: { a: 1 } } }, 400],
    ['no data', { message: {} }, 200],
  ])('with %s settles nobody', async (_name, body, status) => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', item: '${body.message.data as unbase64 as json}', identify_by: '${item.task_id}' },
    })
    void hooks.wait('null')
    const answer = await post('/done').send(body)
    expect([answer.status, answer.text]).toEqual([status, status === 200 ? '' : '{"error":"ERR_TEMPLATE"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, parked: 0 })
  })
})
