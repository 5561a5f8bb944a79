import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { createGithubSignature, useHub } from './use-hub'

const hub = useHub()
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const LISTENER = {
  port: 0,
  path: '/done',
  identify_by: '${body.id}',
  status: '${body.state}',
  success_when: ['done'],
  fail_when: ['broken'],
} as const

describe('deliveries of a config', () => {
  test('tell what came and what became of it', async () => {
    const { hooks, get, send } = await hub.mount({ listener: { ...LISTENER, verify: hub.github } })
    const waiting = hooks.wait('a1')
    await send({ id: 'a1', state: 'done' })
    await waiting
    await send({ id: 'a1', state: 'done' })
    await send({ id: 'a2', state: 'broken' })
    await send({ id: 'a3', state: 'halfway' })
    await send({ state: 'done' })
    await send({ id: 'a4' }, { signature: 'sha256=00' })
    const { deliveries } = await get('/deliveries')
    expect(
      deliveries.map(({ verdict, code, status, ids, verified }: Record<string, unknown>) => [
        verdict,
        code,
        status,
        ids,
        verified,
      ]),
    ).toEqual([
      ['refused', 'ERR_UNVERIFIED', 401, [], false],
      ['unidentified', null, 200, [], true],
      ['pending', null, 200, ['a3'], true],
      ['parked', null, 200, ['a2'], true],
      ['duplicate', null, 200, ['a1'], true],
      ['settled', null, 200, ['a1'], true],
    ])
    expect(deliveries.map(({ reason }: { reason: string }) => reason)).toEqual([
      expect.stringContaining('The sender is not verified'),
      'identify_by finds no id in it; it was acknowledged and dropped',
      'The status "halfway" says that the work for "a3" goes on: neither success_when nor fail_when names it',
      'Nobody waits for "a2" yet; the callback is kept until somebody does (store.park)',
      '"a1" is settled or parked already, or the same delivery came before (dedupe_by)',
      'It ended the wait for "a1" with a success (status "done")',
    ])
  })

  test('show their bytes, their headers without proof, and what each template reads', async () => {
    const { get, sendBytes } = await hub.mount({ listener: { ...LISTENER, verify: hub.github } })
    const bytes = Buffer.from('{ "id" : "a1",\n"state":"done", "n": 12345678901234567890 }')
    await sendBytes(bytes)
    const { deliveries } = await get('/deliveries')
    const whole = await get(`/deliveries/${deliveries[0].id}`)
    expect(Buffer.from(whole.body)).toEqual(bytes)
    expect(whole.headers).toContainEqual(['X-Hub-Signature-256', '[redacted]'])
    expect(whole.reads).toEqual([
      { key: 'identify_by', source: '${body.id}', value: 'a1' },
      { key: 'status', source: '${body.state}', value: 'done' },
    ])
  })

  test('a mended template takes a replay, and the run goes on after a restart', async () => {
    const config = (status: string): CallbacksConfig => ({
      listener: { ...LISTENER, status, verify: hub.github },
      store: { type: 'file', path: join(folder, 'store') },
      deliveries: { path: join(folder, 'deliveries') },
      workflow: { jobs: [{ id: 'hold', wait_for: '${input.id}' }] },
    })
    const before = await hub.mount(config('${body.stat}'))
    await before.hooks.open()
    const task = await before.hooks.submit({ id: 'a1' })
    task.result().catch(() => undefined)
    await hub.until(() => before.hooks.stats().waiting === 1)
    await before.send({ id: 'a1', state: 'done' })
    const [{ id, verdict }] = (await before.get('/deliveries')).deliveries
    expect(verdict).toBe('pending')
    await before.hooks.close()

    const after = await hub.mount(config('${body.state}'))
    await after.hooks.open()
    const replayed = await after.post(`/deliveries/${id}/replay`)
    expect(replayed).toMatchObject({ verdict: 'settled', outcome: 'succeeded', replay_of: id, ids: ['a1'] })
    await hub.until(async () => (await after.hooks.task(task.id))?.status === 'succeeded')
    const [latest, first] = (await after.get('/deliveries')).deliveries
    expect([latest.replay_of, first.id]).toEqual([id, id])
    const text = readdirSync(join(folder, 'deliveries')).map((name) =>
      readFileSync(join(folder, 'deliveries', name), 'utf8'),
    )
    expect(text.join('')).not.toContain(hub.secret)
    await after.hooks.close()
  })

  test('a forged one is never replayed, nor one without its bytes, nor a handshake', async () => {
    const { get, send, post } = await hub.mount({ listener: { ...LISTENER, verify: hub.github } })
    await send({ id: 'a1', state: 'done' }, { signature: createGithubSignature('another', '{}') })
    const [{ id }] = (await get('/deliveries')).deliveries
    expect(await post(`/deliveries/${id}/replay`, 409)).toEqual({
      error: {
        code: 'ERR_DELIVERY_REPLAY',
        message: `The delivery ${id} cannot be replayed: its sender was not verified`,
      },
    })
    expect(await post('/deliveries/dlv_none/replay', 404)).toMatchObject({ error: { code: 'ERR_DELIVERY_UNKNOWN' } })
  })

  test('is refused after a restart when its id stood where secrets do, since files keep none', async () => {
    const config = {
      listener: { ...LISTENER, identify_by: '${query.session_id}' },
      deliveries: { path: join(folder, 'deliveries') },
    } as const
    const before = await hub.mount(config)
    await before.sendTo('/done?session_id=s1', { state: 'done' })
    const [{ id }] = (await before.get('/deliveries')).deliveries
    expect(await before.post(`/deliveries/${id}/replay`)).toMatchObject({ verdict: 'duplicate' })
    await before.hooks.close()
    const after = await hub.mount(config)
    await after.hooks.open()
    const message = expect.stringMatching(/cannot be replayed: its id stands where secrets do/)
    expect(await after.post(`/deliveries/${id}/replay`, 409)).toMatchObject({ error: { message } })
    expect(after.hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test('a replay is no duplicate by dedupe_by, but ends nothing twice', async () => {
    const { hooks, get, send, post } = await hub.mount({
      listener: { ...LISTENER, dedupe_by: '${body.id}', verify: hub.github },
    })
    await send({ id: 'a1', state: 'halfway' })
    const waiting = hooks.wait('a1')
    await send({ id: 'a1', state: 'done' })
    await waiting
    const [{ id }] = (await get('/deliveries')).deliveries
    expect(await post(`/deliveries/${id}/replay`)).toMatchObject({ verdict: 'duplicate', replay_of: id })
  })

  test('a short secret that a template reads as an id or a status does not stand in the reason either', async () => {
    const token = { scheme: 'token', secret: 'sec-1', signature: '${query.tok}' } as const
    const listener = { ...LISTENER, identify_by: '${query.tok}', status: '${query.tok}', verify: token }
    const { get, sendTo } = await hub.mount({ listener })
    await sendTo('/done?tok=sec-1', {})
    const list = await get('/deliveries')
    expect(list.deliveries[0]).toMatchObject({ verdict: 'pending', reason: expect.stringContaining('"[redacted]"') })
    expect(JSON.stringify(list)).not.toContain('sec-1')
  })

  test('keep: 0 notes nothing', async () => {
    const { get, send } = await hub.mount({ listener: { ...LISTENER, verify: hub.github }, deliveries: { keep: 0 } })
    await send({ id: 'a1', state: 'done' })
    expect(await get('/deliveries')).toEqual({ deliveries: [], next: null })
  })

  test('a request that no endpoint takes is told of with the endpoint that was meant', async () => {
    const { get, sendTo } = await hub.mount({ listener: { ...LISTENER, verify: hub.github } })
    await sendTo('/don', { id: 'a1' })
    await sendTo('/nothing/like/it', { id: 'a1' })
    await sendTo('/other/done', { id: 'a1' })
    const { deliveries } = await get('/deliveries?verdict=unrouted')
    expect(deliveries).toEqual([
      expect.objectContaining({
        verdict: 'unrouted',
        endpoint: null,
        target: '/other/done',
        status: null,
        reason: expect.stringMatching(/^No endpoint takes this method and path, and the request went on to the app/),
      }),
    ])
    await expect(get(`/deliveries/${deliveries[0].id}`)).resolves.toMatchObject({ body: null, reads: [] })
  })
})
