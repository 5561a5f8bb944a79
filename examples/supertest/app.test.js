'use strict'
const { callbacks } = require('express-callbacks')
const { createTestClock, untilWaiting } = require('express-callbacks/testing')
const request = require('supertest')
const { createApp } = require('./app')

const config = {
  listener: {
    path: '/callbacks/report',
    identify_by: '${body.id}',
    status: '${body.status}',
    success_when: ['done'],
    fail_when: ['failed'],
    result: '${body.url}',
  },
}

let clock, hooks, app

beforeEach(() => {
  clock = createTestClock()
  hooks = callbacks(config, { clock })
  app = createApp(hooks)
})

afterEach(() => hooks.close())

describe('over HTTP', () => {
  test('a callback ends the wait', async () => {
    const report = get('/reports/r-1')
    await untilWaiting(hooks)

    await callBack({ id: 'r-1', status: 'done', url: 'https://reports.example/1' }).expect(200)

    const { status, body } = await report
    expect({ status, body }).toEqual({ status: 200, body: { url: 'https://reports.example/1' } })
  })

  test('a callback that comes before anybody waits is kept', async () => {
    await callBack({ id: 'r-2', status: 'done', url: 'https://reports.example/2' }).expect(200)

    await request(app).get('/reports/r-2').expect(200, { url: 'https://reports.example/2' })
  })

  test('a callback that comes twice counts once', async () => {
    const once = { id: 'r-3', status: 'done', url: 'https://reports.example/3' }
    const report = hooks.wait('r-3')

    await callBack(once).expect(200)
    await callBack({ ...once, url: 'https://reports.example/other' }).expect(200)

    expect(await report).toBe('https://reports.example/3')
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: 1, parked: 0 })
  })

  test('a failure becomes an error with a code', async () => {
    await callBack({ id: 'r-4', status: 'failed', reason: 'no data' }).expect(200)

    await request(app).get('/reports/r-4').expect(502, { error: 'ERR_CALLBACK_FAILED', reason: 'no data' })
  })

  test('a wait ends when its time is up', async () => {
    const report = get('/reports/r-5')
    await untilWaiting(hooks)

    clock.advance('5m')

    const { status, body } = await report
    expect({ status, body }).toEqual({ status: 504, body: { error: 'ERR_WAIT_TIMEOUT' } })
  })
})

describe('without HTTP', () => {
  test('settle() ends a wait by hand', async () => {
    const report = hooks.wait('r-6')

    await hooks.settle('r-6', 'https://reports.example/6')

    expect(await report).toBe('https://reports.example/6')
  })

  test('fail() ends a wait with an error', async () => {
    const report = hooks.wait('r-7')

    await hooks.fail('r-7', new Error('no data'))

    await expect(report).rejects.toThrow('no data')
  })

  test('a wait is registered at once, so that time can go on in the next line', async () => {
    const report = hooks.wait('r-8', { timeout: '30s' })

    clock.advance('30s')

    await expect(report).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT' })
  })
})

function callBack(body) {
  return request(app).post('/callbacks/report').send(body)
}

/** Starts a request; supertest itself waits with that until somebody asks for the answer. */
function get(path) {
  return request(app)
    .get(path)
    .then((answer) => answer)
}
