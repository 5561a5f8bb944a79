import { describe, expect, jest, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { callbacks } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}' } }

/** The timers that are set while `run` runs, and still keep the process alive afterwards. */
async function timersLeftBy(run: () => Promise<void>): Promise<readonly number[]> {
  const open = new Map<unknown, number>()
  const { setTimeout: set, clearTimeout: clear } = globalThis
  const setSpy = jest.spyOn(globalThis, 'setTimeout').mockImplementation((callback: () => void, ms = 0) => {
    const timer = set(() => {
      open.delete(timer)
      callback()
    }, ms)
    open.set(timer, ms)
    return timer
  })
  const clearSpy = jest.spyOn(globalThis, 'clearTimeout').mockImplementation(((timer: NodeJS.Timeout) => {
    open.delete(timer)
    clear(timer)
  }) as typeof clear)
  try {
    await run()
    return [...open].flatMap(([timer, ms]) => ((timer as NodeJS.Timeout).hasRef() ? [ms] : []))
  } finally {
    setSpy.mockRestore()
    clearSpy.mockRestore()
    for (const timer of open.keys()) clear(timer as NodeJS.Timeout)
  }
}

describe('with the clock of the process', () => {
  test('a request leaves no timer behind', async () => {
    const left = await timersLeftBy(async () => {
      const hooks = callbacks(config)
      const origin = await hosts.serve(express().use(hooks))
      const wait = hooks.wait('a')
      expect((await request(origin).post('/done').send({ id: 'a' })).status).toBe(200)
      await wait
      expect((await request(origin).post('/done').type('json').send('{')).status).toBe(400)
      await hooks.close()
    })
    expect(left).toEqual([])
  })

  test('an open wait does not keep the process alive, and nothing is left once it is closed', async () => {
    const left = await timersLeftBy(async () => {
      const hooks = callbacks(config)
      const wait = hooks.wait('a', { timeout: '1h' })
      await hooks.close()
      await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    })
    expect(left).toEqual([])
  })

  test('close() with drain leaves no timer behind', async () => {
    const left = await timersLeftBy(async () => {
      const hooks = callbacks(config)
      const wait = hooks.wait('a')
      const closing = hooks.close({ drain: 60_000 })
      await hooks.settle('a', 1)
      await closing
      await expect(wait).resolves.toBe(1)
    })
    expect(left).toEqual([])
  })
})
