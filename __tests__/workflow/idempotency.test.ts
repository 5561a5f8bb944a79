import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ServiceAnswer, ServiceRequest } from '../helpers/fake-service'
import { DONE, drawing, until, useFlows } from './use-flows'
import { type Sent, useJournal } from './use-journal'

const flows = useFlows()
const journal = useJournal()

const BODY = { prompt: 'a cat' }
const { identify_by: _none, ...LISTENER } = DONE
const TICKET = {
  base_url: '${env.API}',
  path: '/tasks',
  body: { webhook: '${callback.url}' },
  idempotency: true,
} as const
const URLS = { publicUrl: 'http://localhost:8090' }
const asked = (request: ServiceRequest | undefined): string => String(Object(request?.body).webhook)

describe('the key', () => {
  test('gives each job and each task a key of its own, the same in all attempts', async () => {
    const fail = { status: 500 }
    const component = { base_url: '${env.API}', body: BODY, idempotency: true }
    const flow = await flows.open(
      {
        components: { a: { ...component, path: '/a' }, b: { ...component, path: '/b' } },
        workflow: {
          jobs: [
            {
              id: 'one',
              component: 'a',
              retry: { max_attempts: 3, delay: 0 },
              on_error: [{ id: 'undo', component: 'b', retry: { max_attempts: 2, delay: 0 } }],
            },
          ],
        },
      },
      () => fail,
    )
    for (const task of [await flow.hooks.submit(), await flow.hooks.submit()]) {
      const ended = task.result().catch((error: unknown) => error)
      await until(() => {
        flow.clock.advance(1)
        return task.status === 'failed'
      }, 'it has failed')
      expect(await ended).toMatchObject({ status: 500 })
    }
    expect(flow.service.requests.length).toBe(10)
    const keys = flow.service.requests
      .map(({ path, headers }) => `${path} ${String(headers['idempotency-key'])}`)
      .toSorted()
    const times = [...new Set(keys)].map((key) => `${key.slice(0, 2)} ${keys.filter((one) => one === key).length}`)
    expect(times).toEqual(['/a 3', '/a 3', '/b 2', '/b 2'])
    expect(new Set(keys.map((key) => key.slice(3))).size).toBe(4)
  })

  test('a key of the config stands', async () => {
    const { hooks, service } = await flows.open(
      drawing({ body: BODY, idempotency: true, headers: { 'Idempotency-Key': '${input.order}' } }),
      () => ({ body: 'well' }),
    )
    await hooks.run({ order: 'order-7' })
    expect(service.requests[0]?.headers['idempotency-key']).toBe('order-7')
  })
})

describe('the ticket', () => {
  test.each<[string, ServiceAnswer | undefined]>([
    ['was lost', undefined],
    ['was 503', { status: 503 }],
  ])(
    'keeps the ticket of the first attempt: the answer %s, and the service calls as it was asked first',
    async (_, first) => {
      const { hooks, service, told, clock } = await flows.open(
        { listener: LISTENER, component: TICKET, workflow: { jobs: [{ id: 'draw', retry: { delay: 100 } }] } },
        async ({ response }, flow) => {
          if (flow.service.requests.length > 1) {
            const { pathname, search } = new URL(asked(flow.service.requests[0]))
            await flow.callback({ status: 'ok', value: 'drawn' }, pathname + search)
            return { status: 202 }
          }
          if (first === undefined) response.destroy()
          return first
        },
        URLS,
      )
      const output = hooks.run()
      await told('draw', 'retrying')
      clock.advance(100)
      await expect(output).resolves.toBe('drawn')
      const [one, two] = service.requests
      expect(two?.body).toEqual(one?.body)
      expect(two?.headers['idempotency-key']).toBe(one?.headers['idempotency-key'])
    },
  )

  test('a callback that failed and one that succeeds may carry the same ticket', async () => {
    const { hooks, service, told, clock } = await flows.open(
      { listener: LISTENER, component: TICKET, workflow: { jobs: [{ id: 'draw', retry: { delay: 100 } }] } },
      async (request, flow) => {
        const { pathname, search } = new URL(asked(request))
        const status = flow.service.requests.length === 1 ? 'bad' : 'ok'
        await flow.callback({ status, value: status }, pathname + search)
        return { status: 202 }
      },
      URLS,
    )
    const output = hooks.run()
    await told('draw', 'retrying')
    clock.advance(100)
    await expect(output).resolves.toBe('ok')
    expect(service.requests.length).toBe(2)
  })

  test.each([
    ['without idempotency', { ...TICKET, idempotency: false }, 'draw'],
    ['of another job', TICKET, 'again'],
  ])('another ticket: %s', async (_, component, second) => {
    const ids = [...new Set(['draw', second])]
    const { hooks, service, told, clock } = await flows.open(
      {
        listener: LISTENER,
        component,
        workflow: { jobs: ids.map((id) => ({ id, retry: { delay: 100 } })) },
      },
      async (request, flow) => {
        if (ids.length === 1 && flow.service.requests.length === 1) return { status: 503 }
        const { pathname, search } = new URL(asked(request))
        await flow.callback({ status: 'ok', value: 1 }, pathname + search)
        return { status: 202 }
      },
      URLS,
    )
    const output = hooks.run()
    if (ids.length === 1) {
      await told('draw', 'retrying')
      clock.advance(100)
    }
    await expect(output).resolves.toBe(1)
    const [one, two] = service.requests
    expect(two?.body).not.toEqual(one?.body)
  })

  test('and the key are the same in a process that takes the run up, wherever the first one was killed', async () => {
    const config: CallbacksConfig = {
      listener: { ...LISTENER, public_url: 'http://localhost:8090' },
      component: { ...TICKET, base_url: 'http://service.test' },
      workflow: { jobs: [{ id: 'draw', retry: { max_attempts: 9, delay: 500 } }] },
    }
    const first = await journal.begin(config, () => ({ status: 503 }))
    await first.hooks.submit({})
    await first.until(() => first.sent.length === 3)
    const lines = first.lines()
    const known = first.sent.map(tell)
    expect(new Set(known).size).toBe(1)
    const called = lines.findIndex((line) => line.includes('"name":"draw#1/call"'))
    expect(called).toBeGreaterThan(0)
    for (let count = called + 1; count <= lines.length; count += 1) {
      const life = await journal.begin(config, () => ({ status: 202 }), lines.slice(0, count), first.clock.now() + 1000)
      await life.until(() => life.sent.length > 0)
      expect({ count, sent: life.sent.map(tell) }).toEqual({ count, sent: known.slice(0, 1) })
      await life.hooks.close()
    }
  })
})

const tell = ({ headers, body }: Sent): string => `${headers.get('idempotency-key')} ${String(body['webhook'])}`
