import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { createEmitter } from '../../lib/base/events'
import { compileConfig } from '../../lib/config/normalize'
import { createHolding } from '../../lib/listener/held/holding'
import { createKnownRuns } from '../../lib/listener/held/request-runs'
import { createWaitRoom } from '../../lib/workflow/tasks/limits'
import type { RunWorkflow } from '../../lib/workflow/runner'
import { createTasks } from '../../lib/workflow/tasks/tasks'
import { createFakeClock } from '../helpers/fake-clock'
import { useDurable } from '../store/use-durable'

const world = useDurable()
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }
function ignore(): void {}

/** A response without a connection. */
function createResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()))
}

describe('requests that are held', () => {
  test('are a thousand at most; one more is answered 202, until another is answered', async () => {
    const clock = createFakeClock()
    const ends: (() => void)[] = []
    const whenEnded = () =>
      new Promise<{ status: string }>((resolve) => ends.push(() => resolve({ status: 'succeeded' })))
    const holding = createHolding({ clock, whenEnded, statusUrlOf: () => undefined })
    const hold = async (): Promise<ServerResponse> => {
      const response = createResponse()
      const runs = holding.begin()
      runs.started(0, 'task', [])
      await holding.hold(response, runs, { withinMs: 1000, bulk: false })
      return response
    }
    const held = Array.from({ length: 1000 }, hold)
    expect((await hold()).statusCode).toBe(202)
    expect(clock.timers).toBe(1000)
    ends[0]?.()
    expect((await held[0])?.statusCode).toBe(200)
    const more = hold()
    expect((await hold()).statusCode).toBe(202)
    expect(clock.timers).toBe(1000)
    holding.release()
    for (const one of [...held.slice(1), more]) expect((await one).statusCode).toBe(202)
    expect(clock.timers).toBe(0)
    expect((await hold()).statusCode).toBe(202)
  })

  test('let go of their timers and listeners whatever ends them', async () => {
    const clock = createFakeClock()
    const whenEnded = () => new Promise<undefined>(ignore)
    const holding = createHolding({ clock, whenEnded, statusUrlOf: () => undefined })
    for (const end of ['time', 'client'] as const) {
      const response = createResponse()
      const runs = holding.begin()
      runs.started(0, 'task', [])
      const holds = holding.hold(response, runs, { withinMs: 1000, bulk: false })
      expect([clock.timers, response.listenerCount('close')]).toEqual([1, 1])
      if (end === 'time') clock.advance(1000)
      else response.destroy().emit('close')
      await holds
      expect([clock.timers, response.listenerCount('close')]).toEqual([0, 0])
      expect(response.headersSent).toBe(end === 'time')
    }
  })

  test('know the latest 20,000 deliveries', () => {
    const known = createKnownRuns()
    for (let number = 0; number < 20_001; number += 1) known.note([`k${number}`], `t${number}`)
    expect([known.find(['k0']), known.find(['k0', 'k1']), known.find(['k20000'])]).toEqual([undefined, 't1', 't20000'])
  })
})

test('a run that another process has taken up is answered 202', async () => {
  const one = world.start()
  const { workflows } = compileConfig({ workflow: { id: 'paint', jobs: [{ component: 'logger' }] } }, { env: {} })
  let goOn = ignore
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const paint: RunWorkflow = async ({ run }) => run.step('paint', () => gate)
  const tasks = createTasks({
    workflows,
    runs: new Map([['paint', paint]]),
    definition: {},
    restore: () => paint,
    waiting: new Set(),
    room: createWaitRoom(one.store, 10),
    store: one.store,
    clock: world.clock,
    emitter: createEmitter(SILENT),
    logger: SILENT,
    onEnd: ignore,
    keepMs: 1000,
  })
  await one.store.open()
  const other = await world.open()
  const holding = createHolding({
    clock: world.clock,
    whenEnded: tasks.whenEnded,
    statusUrlOf: (task) => `/tasks/${task}`,
  })
  const { task } = await tasks.start({ input: 1, isUnattended: true })
  await world.pass(20_000)
  const response = createResponse()
  const runs = holding.begin()
  runs.started(0, task, [])
  const holds = holding.hold(response, runs, { withinMs: 3_600_000, bulk: false })
  world.ledgers.freeze(one.ledger, true)
  await world.pass(10_000)
  expect(other.adopted.map(({ run }) => run.id)).toEqual([task])
  world.ledgers.freeze(one.ledger, false)
  goOn()
  await world.pass(6000)
  await holds
  expect([response.statusCode, response.getHeader('location')]).toEqual([202, `/tasks/${task}`])
  expect(await tasks.whenEnded(task)).toMatchObject({ status: 'running' })
  world.takeLog()
})
