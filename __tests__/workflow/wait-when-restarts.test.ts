import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { type Life, useJournal } from './use-journal'

const journal = useJournal()

const CONFIG: CallbacksConfig = {
  listener: {
    callbacks: [{ path: '/done', identify_by: '${body.id}', result: '${body.value}', timeout: '5h', workflow: false }],
  },
  workflow: {
    id: 'hear',
    jobs: [
      { id: 'one', wait_for: { id: '${input.desk}', when: '${body.final}' } },
      {
        id: 'all',
        wait_for: { all: ['b', 'c'], when: '${header.x-final}' },
        output: ['${jobs.one.output}', '${output}'],
      },
    ],
  },
}

/** In the order in which the service sends them. */
const CALLBACKS: readonly (readonly [body: object, headers: Readonly<Record<string, string>>])[] = [
  [{ id: 'a', value: 'draft' }, {}],
  [{ id: 'a', value: 'proof', final: 'no' }, {}],
  [{ id: 'a', value: 'print', final: true }, {}],
  [{ id: 'c', value: 'draft of c', final: true }, {}],
  [{ id: 'b', value: 'b' }, { 'x-final': '1' }],
  [{ id: 'c', value: 'c' }, { 'x-final': '1' }],
]

const OUTPUT = ['print', ['b', 'c']]

/** Sends a callback; resolves when it was acknowledged. */
async function send({ hooks, until }: Life, index: number): Promise<void> {
  const [body, headers] = CALLBACKS[index] ?? [{}, {}]
  let isTaken = false
  const answer = request(express().use(hooks))
    .post('/done')
    .set(headers)
    .send(body)
    .then(({ status }) => void (isTaken = status === 200))
  await until(() => isTaken)
  await answer
}

describe('a run that waits with when, over restarts on the file store', () => {
  test('ends once, with the callbacks that count, wherever its journal was cut off', async () => {
    const first = await journal.begin(CONFIG, () => ({}))
    const told: unknown[] = []
    first.hooks.on('filtered', ({ id }) => void told.push(id))
    const { id } = await first.hooks.submit({ desk: 'a' })
    await first.until(() => first.hooks.stats().waiting === 1)
    const before = first.lines().length
    /** How many lines the journal had when each callback was acknowledged. */
    const marks: number[] = []
    for (const index of CALLBACKS.keys()) {
      if (index === 3) await first.until(() => first.hooks.stats().waiting === 2)
      await send(first, index)
      marks.push(first.lines().length)
    }
    await first.until(async () => (await first.hooks.task(id))?.status !== 'running')
    expect(await first.hooks.task(id)).toMatchObject({ status: 'succeeded', output: OUTPUT })
    expect(told).toEqual(['a', 'a', 'c'])
    const lines = first.lines()
    expect(lines.length - before).toBeGreaterThan(8)
    for (let count = before; count <= lines.length; count += 1) {
      const life = await journal.begin(CONFIG, () => ({}), lines.slice(0, count), first.clock.now() + 1000)
      const isOver = async (): Promise<boolean> => (await life.hooks.task(id))?.status !== 'running'
      const waits = async (job: string): Promise<boolean> =>
        (await life.hooks.task(id))?.jobs.find((one) => one.id === job)?.status === 'waiting'
      await life.until(async () => (await waits('one')) || (await waits('all')) || (await isOver()))
      // What was acknowledged is not sent again.
      for (const [index, mark] of marks.entries()) {
        if (mark <= count) continue
        if (index >= 3) await life.until(async () => (await waits('all')) || (await isOver()))
        await send(life, index)
      }
      await life.until(isOver)
      expect([count, await life.hooks.task(id)]).toMatchObject([count, { status: 'succeeded', output: OUTPUT }])
      expect(life.told.filter((status) => status !== 'running').length).toBeLessThanOrEqual(1)
      await life.hooks.close()
    }
  }, 120_000)

  test('keeps its filter when the config has changed', async () => {
    const first = await journal.begin(CONFIG, () => ({}))
    const { id } = await first.hooks.submit({ desk: 'a' })
    await first.until(() => first.hooks.stats().waiting === 1)
    const jobs = [{ id: 'one', wait_for: { id: 'a', when: '${body.other}' } }]
    const changed: CallbacksConfig = { ...CONFIG, workflow: { id: 'hear', jobs } }
    const life = await journal.begin(changed, () => ({}), first.lines(), first.clock.now())
    await life.until(() => life.hooks.stats().waiting === 1)
    for (const index of CALLBACKS.keys()) {
      if (index === 3) await life.until(() => life.hooks.stats().waiting === 2)
      await send(life, index)
    }
    await life.until(async () => (await life.hooks.task(id))?.status !== 'running')
    expect(await life.hooks.task(id)).toMatchObject({ status: 'succeeded', output: OUTPUT })
  })
})
