import { expect, test } from '@jest/globals'
import { createFakeDriver, turns } from '../gateway/fake-tunnels'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const MINUTE = 60_000

/** Opens a host whose gateway has the URL https://one.example. */
async function openOne() {
  const fake = createFakeDriver()
  const host = await hosts.open(
    {
      gateway: { driver: 'mine', port: 8090 },
      listeners: [
        { port: 8090, path: '/done', identify_by: '${body.id}' },
        { port: 7000, path: '/other', identify_by: '${body.id}' },
      ],
    },
    { tunnels: { mine: fake.driver } },
  )
  const opening = host.hooks.open()
  while (fake.attempts.length === 0) await Promise.resolve()
  fake.last.open('https://one.example')
  await opening
  await turns()

  return {
    ...host,
    fake,
    /** The tunnel ends, and the next one has this URL. */
    async moveTo(publicUrl: string) {
      fake.last.end(new Error('exit 1'))
      await turns()
      host.clock.advance(MINUTE)
      await turns()
      fake.last.open(publicUrl)
      await turns()
    },
  }
}

test('a new public URL tells apart the waits that were registered under the one before', async () => {
  const { hooks, log, clock, moveTo, post } = await openOne()
  const early = hooks.ticket({ path: '/done', timeout: '5m' })
  const elsewhere = hooks.wait('x', { path: '/other', timeout: '10m' })
  expect(early.url).toMatch(/^https:\/\/one\.example\/done\?callback_id=/)
  await moveTo('https://two.example')
  const late = hooks.ticket({ path: '/done', timeout: '10m' })
  expect(late.url).toMatch(/^https:\/\/two\.example\/done\?callback_id=/)
  expect(log).toContainEqual({
    level: 'warn',
    message:
      'The public URL of port 8090 has changed; callbacks to https://one.example do not arrive any more: ' +
      '1 open wait may have asked for one',
    details: { port: 8090, previousUrl: 'https://one.example', waits: 1 },
  })
  const expired = expect(early.result).rejects.toMatchObject({
    code: 'ERR_WAIT_TIMEOUT',
    message: expect.stringContaining('; the public URL has changed meanwhile'),
  })
  clock.advance(5 * MINUTE)
  await expired
  await post(`/done${new URL(late.url).search}`)
    .send({ n: 2 })
    .expect(200)
  await post('/other').send({ id: 'x', n: 1 }).expect(200)
  await expect(late.result).resolves.toEqual({ n: 2 })
  await expect(elsewhere).resolves.toEqual({ id: 'x', n: 1 })
})

test('the event of a new public URL carries both', async () => {
  const { hooks, moveTo } = await openOne()
  const seen: unknown[] = []
  hooks.on('gateway', ({ state, publicUrl, previousUrl }) => void seen.push([state, publicUrl, previousUrl]))
  await moveTo('https://two.example')
  expect(seen).toEqual([
    ['restarting', undefined, undefined],
    ['ready', 'https://two.example', 'https://one.example'],
  ])
  expect(hooks.gateways.get(8090)).toMatchObject({ publicUrl: 'https://two.example', publicAddress: 'two.example' })
})

test('gateways that are closed while they open are no failure to log', async () => {
  const fake = createFakeDriver()
  const { hooks, log } = hosts.start({ gateway: { driver: 'mine', port: 8090 } }, { tunnels: { mine: fake.driver } })
  const opening = expect(hooks.open()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  while (fake.attempts.length === 0) await Promise.resolve()
  await hooks.close()
  await opening
  expect(log.filter(({ level }) => level === 'error')).toEqual([])
})
