import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import type { CallbackError, Callbacks, CallbacksConfig } from '../../lib'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'by-hand-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const A = { id: 'a', timeout: '1m' }
const B = { id: 'b', timeout: '1m' }

describe.each(['memory', 'file'])('a branch that is cancelled by hand, with a store of the type %s', (type) => {
  function configOf(wait_for: object): CallbacksConfig {
    const done = { path: '/done', identify_by: '${body.id}', result: '${body.n}', workflow: false }
    const store = type === 'file' ? { type, path: folder } : { type }
    return { store, listener: { callbacks: [done] }, workflow: { jobs: [{ id: 'wait', wait_for }] } } as CallbacksConfig
  }

  async function open(wait_for: object): Promise<Host> {
    const host = await hosts.open(configOf(wait_for), {}, (app, hooks) => {
      app.use('/api', hooks.controller)
      app.use(hooks)
    })
    await host.hooks.open()
    return host
  }

  const cancel = ({ origin }: Host, id: string) =>
    request(origin).post(`/api/waits/${id}/cancel`).send({}).expect(200, { id, cancelled: 1 })

  const send = ({ post }: Host, id: string, n: number) => post('/done').send({ id, n }).expect(200)

  function begin(hooks: Callbacks): { readonly end: Promise<unknown>; readonly waiting: Promise<void> } {
    const waiting = new Promise<void>((resolve) => {
      hooks.on('job', ({ status }) => void (status === 'waiting' && resolve()))
    })
    return { end: hooks.run().catch(({ code }: CallbackError) => code), waiting }
  }

  test.each([
    ['the first', ['a'], 'b', 2],
    ['the last', ['c'], 'b', 2],
    ['two', ['a', 'c'], 'b', 2],
  ])('of any: %s drops out, and the first outcome of the others ends the job', async (_, cancelled, id, n) => {
    const host = await open({ any: [A, B, { id: 'c' }] })
    const { end, waiting } = begin(host.hooks)
    await waiting
    for (const one of cancelled) await cancel(host, one)
    for (const one of cancelled) await send(host, one, 1)
    await send(host, id, n)
    expect(await end).toBe(n)
    expect(host.hooks.stats().waiting).toBe(0)
    for (const one of cancelled) expect(await host.hooks.wait(one)).toBe(1)
  })

  test('of any: when all are cancelled, the job fails with ERR_ABORTED', async () => {
    const host = await open({ any: [A, B] })
    const { end, waiting } = begin(host.hooks)
    await waiting
    for (const one of ['b', 'a']) await cancel(host, one)
    expect(await end).toBe('ERR_ABORTED')
  })

  test('of any: when the time of the others is up, the job fails with ERR_WAIT_TIMEOUT', async () => {
    const host = await open({ any: [A, B] })
    const { end, waiting } = begin(host.hooks)
    await waiting
    await cancel(host, 'a')
    host.clock.advance(60_000)
    expect(await end).toBe('ERR_WAIT_TIMEOUT')
  })

  test('of all: the job fails, and the others are cancelled', async () => {
    const host = await open({ all: [A, B] })
    const { end, waiting } = begin(host.hooks)
    await waiting
    await cancel(host, 'b')
    expect(await end).toBe('ERR_ABORTED')
    expect(host.hooks.stats().waiting).toBe(0)
  })

  if (type === 'file')
    test('of any: is left out after a restart, too', async () => {
      const before = await open({ any: [A, B] })
      const { waiting } = begin(before.hooks)
      await waiting
      await cancel(before, 'a')
      await before.hooks.close()
      const after = await open({ any: [A, B] })
      const ended = new Promise<string>((resolve) => {
        after.hooks.on('task', ({ status, task }) => void (status === 'running' || resolve(task)))
      })
      await send(after, 'a', 1)
      await send(after, 'b', 2)
      expect(await after.hooks.task(await ended)).toMatchObject({ status: 'succeeded', output: 2 })
    })
})
