import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { readTicketQuery } from '../../lib/listener/paths/ticket-query'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const one = { listener: { path: '/done', identify_by: '${body.id}', result: '${body.value}' } }
const T = `tkt-${'aB3-_x9'.repeat(4)}`
const U = `tkt-${'zY8_-w1'.repeat(4)}`

describe('the id of a ticket is found', () => {
  test.each([
    `callback_id=${T}`,
    `a=1&callback_id=${T}&b=2`,
    `callback_id=${T}?x=1`,
    `callback_id=${T}?x=1&y=2?z=3`,
    `callback_id=${T}?`,
    `callback_id=${T}/`,
    `callback_id=${T}/?x=1`,
    `callback_id=${T}&amp;x=1`,
    `x=1&amp;callback_id=${T}`,
    `x=1&amp;amp;callback_id=${T}`,
    `x=1?callback_id=${T}`,
    `?callback_id=${T}`,
    `&callback_id=${T}&`,
    `callback_id=${T}&callback_id=${T}`,
    `callback_id=${T}&callback_id=`,
    `callback_id=${T}?callback_id=${T}`,
    `callback_id=${T}&callback_id=${T}/`,
    `callback_id%3D${T}`,
    `callback_id%3d${T}`,
    `callback_id%253D${T}`,
    `callback%5Fid=${T}`,
    `callback%5fid%3D${T}`,
    `x%3D1%26callback_id%3D${T}%26y%3D2`,
    `%3Fcallback_id%3D${T}`,
    `CALLBACK_ID=${T}`,
    `Callback_Id=${T}`,
    `callback_id[]=${T}`,
    `callback_id%5B%5D=${T}`,
    `x=1&callback_id[0]=${T}&y=2`,
    `callback_id=${T}&callback_id[]=${T}`,
    `callback_id=${T}#top`,
    `callback_id=${T}%23top`,
    `callback_id=${T}%20`,
    `callback_id=%20${T}`,
    `callback_id=+${T}+`,
    `callback_id=${T}%0A`,
    `callback_id=%22${T}%22`,
    `callback_id="${T}"`,
    `callback_id=%3C${T}%3E`,
    `callback_id=${T}.`,
    `callback_id=${T},`,
    `callback_id=${T};jsessionid=7`,
    `callback_id=${T}%3Fx=1`,
    `callback_id=${T}%26x%3D1`,
    `callback_id=${T}&redirect=https%3A%2F%2Fa.example%2F%3Fcallback_id%3D${U}`,
    `callback_id=${T}&prompt=${U}`,
    `callback_id=${T}&redirect=https://a.example/?callback_id=${U}`,
    `callback_id=${T}&redirect=https%3A%2F%2Fa.example%2F%3Fx%3D1%26callback_id%3D${U}`,
    `callback_id=${T}&CALLBACK_ID=${T}&callback_id%3D${T}`,
    `callback_id=${T}&CALLBACK_ID=7`,
  ])('in ?%s', (query) => {
    expect(readTicketQuery(query)).toBe(T)
  })
})

test.each([
  ['callback_id=task-7', 'task-7'],
  ['callback_id=task-7?x=1', 'task-7'],
  ['callback_id=what%3Fx%3D1', 'what?x=1'],
  ['callback_id=task-7&callback_id=task-7', 'task-7'],
  ['callback_id=a+b', 'a b'],
  [`callback_id=my-${T}`, `my-${T}`],
])('?%s carries an id of the user: %s', (query, id) => {
  expect(readTicketQuery(query)).toBe(id)
})

test.each([
  '',
  'x=1',
  'callback_id=',
  'my_callback_id=x',
  `my_callback_id=${T}`,
  `id=${T}`,
  `redirect=https%3A%2F%2Fa.example%2F%3Fcallback_id%3D${U}`,
  `redirect=https%3A%2F%2Fa.example%2F%3Fx%3D1%26callback_id%3D${U}`,
  'CALLBACK_ID=7',
  'callback_id%3D7',
  '%E0%A4%A=callback_id',
])('?%s carries none', (query) => {
  expect(readTicketQuery(query)).toBeUndefined()
})

const UNCLEAR = [
  `callback_id=${T}&callback_id=${U}`,
  `callback_id=${T}?callback_id=${U}`,
  `callback_id=${T}&callback_id=7`,
  `callback_id=${T}&CALLBACK_ID=${U}`,
  `callback_id=${T}&callback_id%3D${U}`,
  `callback_id=${T}&amp;callback_id=${U}`,
  'callback_id=a&callback_id=b',
  `callback_id=${T.slice(0, -1)}`,
  `callback_id=${T}x`,
  `callback_id=${T}_x=1`,
  'callback_id=tkt-',
  `callback_id=${T.toUpperCase()}`,
  `callback_id%3D${T}x`,
  `callback_id%3D${T}&callback_id%3D${U}`,
  `callback_id[]=${T}&callback_id[]=${U}`,
  `callback_id=${T}&callback_id%5B0%5D=${U}`,
]

describe('a URL that does not say which ticket it is', () => {
  test.each(UNCLEAR)('?%s is answered 400, and nothing is kept', async (query) => {
    const { hooks, post } = await hosts.open(one)
    const waits = [T, U, 'a'].map((id) => hooks.wait(id))
    const answer = await post(`/done?${query}`).send({ id: 'a' })
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 3, rejected: 1, parked: 0, settled: 0 })
    await hooks.close()
    await Promise.allSettled(waits)
  })

  test('is answered so where senders are verified, too', async () => {
    const { post } = await hosts.open({
      listener: { ...one.listener, verify: { scheme: 'github', secret: 'its secret' } },
    })
    const body = '{"id":"a"}'
    const signature = `sha256=${createHmac('sha256', 'its secret').update(body).digest('hex')}`
    const answer = await post(`/done?callback_id=${T}&callback_id=${U}`)
      .type('json')
      .set('X-Hub-Signature-256', signature)
      .send(body)
    expect([answer.status, answer.text]).toEqual([400, '{"error":"ERR_ID"}'])
  })
})

describe('a callback to a ticket whose URL was changed settles it', () => {
  test.each(['?x=1', '&amp;x=1', '/', '%20', '?callback_id=', '#done'])('by %j behind it', async (junk) => {
    const { hooks, post } = await hosts.open(one)
    const { url, result } = hooks.ticket()
    expect((await post(url.replace('http://localhost:8090', '') + junk).send({ value: 1 })).status).toBe(200)
    await expect(result).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 1 })
  })

  test.each(['%3Fcallback_id=', '%3fcallback_id%3D', '%3Fcallback%5Fid%3d'])('by %s in front of it', async (mark) => {
    const { hooks, post } = await hosts.open(one)
    const { id, result } = hooks.ticket()
    for (const junk of ['', '?x=1'])
      expect((await post(`/done${mark}${id}${junk}`).send({ value: 1 })).status).toBe(200)
    await expect(result).resolves.toBe(1)
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 1, duplicate: 1 })
  })

  test('and what the service has appended can be read', async () => {
    const { hooks, post } = await hosts.open({ listener: { path: '/done', result: '${query}' } })
    const { id, url, result } = hooks.ticket()
    await post(`${url.replace('http://localhost:8090', '')}?status=ok&x=1`).send({})
    await expect(result).resolves.toEqual({ callback_id: id, status: 'ok', x: '1' })
  })
})

test.each([1380, 4096])('an id of %i characters is taken everywhere', async (length) => {
  const { hooks, post } = await hosts.open(one)
  const id = 'x'.repeat(length)
  const waits = [hooks.wait(id), hooks.wait([id, 'b'])]
  expect((await post('/done').send({ id, value: 1 })).status).toBe(200)
  await expect(Promise.all(waits)).resolves.toEqual([1, 1])
  const again = hooks.wait(id)
  expect((await post(`/done?callback_id=${id}`).send({ value: 2 })).status).toBe(200)
  await expect(again).resolves.toBe(2)
  const byHand = hooks.wait(id)
  await hooks.settle(id, 3)
  await expect(byHand).resolves.toBe(3)
  expect(() => hooks.wait('x'.repeat(4097))).toThrow(expect.objectContaining({ code: 'ERR_WAIT_ID' }))
})
