import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { CallbacksConfig, JobEvent } from '../../lib'
import { DONE, DRAW, type Flow, useFlows } from '../workflow/use-flows'
import { parentOf, useSpans } from './use-spans'

const flows = useFlows()
const spans = useSpans()

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taken-up-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function config(jobs: NonNullable<CallbacksConfig['workflow']>['jobs']): CallbacksConfig {
  return {
    store: { type: 'file', path: folder },
    listener: DONE,
    component: DRAW,
    workflow: { id: 'paint', jobs },
  }
}

/** Resolves when a job has told this status, however long the disk takes. */
function saw(flow: Flow, job: string, status: JobEvent['status']): Promise<JobEvent> {
  const fits = (one: JobEvent): boolean => one.job === job && one.status === status
  const known = flow.jobs.find(fits)
  if (known) return Promise.resolve(known)
  return new Promise((resolve) => {
    flow.hooks.on('job', (event) => fits(event) && resolve(event))
  })
}

/** Lets the callback come for which a job waits. */
async function callBack(flow: Flow, job: string, value: number): Promise<void> {
  const { ids: [id] = [] } = await saw(flow, job, 'waiting')
  await flow.callback({ id, status: 'ok', value })
}

test('a job that has ended is told once, by the process that ended it', async () => {
  const two = config([{ id: 'sketch' }, { id: 'colour' }])
  const first = await flows.open(two)
  const task = await first.hooks.submit({ prompt: 'a cat' })
  const begun = first.clock.now()
  await callBack(first, 'sketch', 1)
  const { ids: [id] = [] } = await saw(first, 'colour', 'waiting')
  await first.hooks.close()
  await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  const before = spans.names()
  expect(before).toEqual(['start paint', 'POST', 'wait POST /done', 'job sketch', 'POST'])

  const second = await flows.open(two)
  second.clock.advance(60_000)
  await second.hooks.open()
  await saw(second, 'colour', 'running')
  const ended = new Promise((resolve) => {
    second.hooks.on('task', ({ status }) => status === 'succeeded' && resolve(status))
  })
  await second.callback({ id, status: 'ok', value: 2 })
  await ended
  expect(spans.names().slice(before.length)).toEqual(['wait POST /done', 'job colour', 'run paint'])
  const start = spans.one('start paint')
  for (const { name, traceId, parent } of spans.all())
    if (name !== 'start paint') expect([name, traceId, parent]).toEqual([name, start.traceId, start.spanId])
  const end = second.clock.now()
  expect(spans.one('run paint')).toMatchObject({ start: begun, end })
  expect(spans.one('job colour')).toMatchObject({ start: begun, end })
  expect(spans.all().filter(({ name }) => name === 'wait POST /done')[1]).toMatchObject({ start: begun, end })
})

test('a job that is tried again in another process has the time of its first attempt', async () => {
  const retried = config([{ id: 'sketch', retry: { max_attempts: 2, delay: '1h' } }])
  const first = await flows.open(retried, () => ({ status: 503 }))
  const task = await first.hooks.submit({ prompt: 'a cat' })
  const begun = first.clock.now()
  await saw(first, 'sketch', 'retrying')
  await first.hooks.close()
  await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect(spans.names()).toEqual(['start paint', 'POST', 'wait POST /done'])

  const second = await flows.open(retried)
  await second.hooks.open()
  await saw(second, 'sketch', 'retrying')
  await second.timer(3_600_000)
  second.clock.advance(3_600_000)
  await callBack(second, 'sketch', 7)
  await saw(second, 'sketch', 'succeeded')
  expect(spans.names().slice(3, 6)).toEqual(['POST', 'wait POST /done', 'job sketch'])
  expect(spans.one('job sketch')).toMatchObject({
    start: begun,
    end: second.clock.now(),
    attributes: { 'express_callbacks.attempt': 2, 'express_callbacks.status': 'succeeded' },
  })
  const requests = spans.all().filter(({ name }) => name === 'POST')
  const sent = [...first.service.requests, ...second.service.requests]
  expect(sent.map(({ headers }) => headers['traceparent'])).toEqual(requests.map(parentOf))
})

test('a run that was begun without tracing goes on without it', async () => {
  const one = config([{ id: 'sketch' }])
  const first = await flows.open(one, undefined, { tracing: false })
  await first.hooks.submit({ prompt: 'a cat' })
  const { ids: [id] = [] } = await saw(first, 'sketch', 'waiting')
  await first.hooks.close()
  const second = await flows.open(one)
  await second.hooks.open()
  await saw(second, 'sketch', 'running')
  await second.callback({ id, status: 'ok' })
  await saw(second, 'sketch', 'succeeded')
  expect(spans.names()).toEqual([])
})
