import { inspect } from 'node:util'
import { expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { withoutTickets } from '../../lib/base/secrets/hide-tickets'
import { createTicketId } from '../../lib/base/secrets/ticket-id'
import { eventsOf } from '../helpers/events-of'
import { createSchema } from '../helpers/schemas'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const show = (value: unknown): string => JSON.stringify(value) + inspect(value, { depth: 20, showHidden: true })

test.each<[string, object, (id: string) => object, number]>([
  ['a schema refuses', {}, (id) => ({ id, fit: 0 }), 422],
  [
    'a schema refuses in a list',
    { bulk: true, item: '${body.list}', identify_by: '${item.id}' },
    (id) => ({ list: [{ id, deep: [{ id }] }] }),
    422,
  ],
  ['a schema throws', {}, (id) => ({ id, throws: `https://a.example/?callback_id=${id}` }), 503],
])('an error of "rejected" shows no ticket, which is still of use, where %s', async (_what, more, bodyOf, status) => {
  const schema = createSchema((value) => {
    const { fit, throws, id } = value as { fit?: number; throws?: string; id?: string }
    if (throws !== undefined) throw new Error(`no ${throws}`, { cause: new TypeError(`no ${throws}`) })
    return fit === 1 ? { value: 1 } : { issues: [{ message: `not for ${String(id)}`, path: ['id'] }] }
  })
  const one = { path: '/done', identify_by: '${body.id}', schema, on_mismatch: 'refuse', ...more }
  const host = await hosts.open({ listener: { callbacks: [one] } } as never)
  const events = eventsOf(host.hooks)
  const id = createTicketId()
  const wait = host.hooks.wait(id)
  expect((await host.post('/done').send(bodyOf(id))).status).toBe(status)
  const rejected = events.filter(({ name }) => name === 'rejected')
  expect(rejected.length).toBeGreaterThan(0)
  for (const { event } of rejected) {
    const { error } = event as { error: CallbackError }
    expect(error).toBeInstanceOf(CallbackError)
    expect(error.stack).toContain(error.message)
    expect(show(error)).not.toContain(id)
    expect(show(error)).toContain(`${id.slice(0, 8)}…`)
  }
  await host.hooks.settle(id, { fit: 1 })
  await expect(wait).resolves.toBe(1)
})

test.each<[string, (id: string) => unknown]>([
  ['no error', () => undefined],
  ['a text', () => 'broken'],
  ['an error without a ticket', () => new Error('broken', { cause: new Error('why') })],
  ['a callback with another id', () => new CallbackError('ERR_ID', { message: ['a', 'b'], at: 'x' })],
])('%s is as it was', (_what, create) => {
  const error = create(createTicketId())
  expect(withoutTickets(error)).toBe(error)
})

test('a cause that holds itself is no loop', () => {
  const id = createTicketId()
  const error = new CallbackError('ERR_ID', { message: ['a', 'b'], at: 'x' })
  Object.assign(error, { cause: error, id })
  const hidden = withoutTickets(error) as CallbackError
  expect([hidden.id, hidden.message, hidden.at, hidden.code]).toEqual([`${id.slice(0, 8)}…`, 'a\nb', 'x', 'ERR_ID'])
})
