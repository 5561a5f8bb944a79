import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { Instance } from './instances'
import { callbackOf, paintingOf } from './painter'
import { inWorld, type StoreSite, type World } from './worlds'

const LIMIT_MS = 240_000

/** What must hold on a store that several instances share. The tests run at the same time. */
export function describeSharedCrashes(site: StoreSite): void {
  async function waiting(world: World, owner: Instance, count: number): Promise<ReadonlyMap<string, string>> {
    const tasks = await world.submit(owner, count)
    expect(tasks.size).toBe(count)
    await owner.until(() => [...tasks.values()].every((task) => owner.recorded.has(task)))
    return tasks
  }

  function expectOnce({ painter }: World, tasks: ReadonlyMap<string, string>): void {
    for (const run of tasks.keys()) {
      expect(painter.sendsOf(run).length).toBe(1)
      expect(painter.reportsOf(run)).toEqual([paintingOf(run)])
    }
  }

  test.concurrent(
    'a callback is taken while the owner of its run is dead, by one who takes the run up later',
    () =>
      inWorld(site, async (world) => {
        const owner = await world.start()
        const other = await world.start()
        const tasks = await waiting(world, owner, 5)
        await world.kill(owner)
        for (const run of tasks.keys())
          expect(await other.post('/done', callbackOf(`${run}.1`))).toMatchObject({ status: 200 })
        await world.ended(tasks)
        expectOnce(world, tasks)
      }),
    LIMIT_MS,
  )

  test.concurrent(
    'a callback is taken by one who is gone before the run has an owner again',
    () =>
      inWorld(site, async (world) => {
        const owner = await world.start()
        const receiver = await world.start()
        const tasks = await waiting(world, owner, 5)
        await world.kill(owner)
        for (const run of tasks.keys())
          expect(await receiver.post('/done', callbackOf(`${run}.1`))).toMatchObject({ status: 200 })
        await world.kill(receiver)
        await world.start()
        await world.ended(tasks)
        expectOnce(world, tasks)
      }),
    LIMIT_MS,
  )

  test.concurrent(
    'a wait by hand ends by a callback at another instance, and tasks are seen and cancelled from there',
    () =>
      inWorld(site, async (world) => {
        const [one, other] = [await world.start(), await world.start()]
        const byHand = one.post('/wait', { id: 'by-hand' })
        await one.writes(({ is }) => is === 'wait')
        expect(await other.post('/done', { task: 'by-hand', painting: 'of a hand' })).toMatchObject({ status: 200 })
        expect(await byHand).toMatchObject({ status: 200, body: { result: { painting: 'of a hand' } } })

        const tasks = await waiting(world, one, 2)
        const [[kept, keptTask] = [], [, unwanted] = []] = [...tasks]
        expect(await other.get(`/task/${keptTask}`)).toMatchObject({ body: { id: keptTask, status: 'running' } })
        expect(await other.post(`/_callbacks/tasks/${unwanted}/cancel`, {})).toMatchObject({ status: 200 })
        const end = await one.writes(
          ({ is, task, status }) => is === 'task' && task === unwanted && status !== 'running',
        )
        expect(end.status).toBe('cancelled')
        await world.callBack([kept ?? ''])
        await world.ended(new Map([[kept ?? '', keptTask ?? '']]))
        while ((await other.get(`/_callbacks/tasks/${unwanted}`)).body === undefined) await sleep(50)
        expect(await other.get(`/task/${unwanted}`)).toMatchObject({ body: { status: 'cancelled' } })
        expect(await other.get(`/task/${keptTask}`)).toMatchObject({
          body: { status: 'succeeded', output: { run: kept } },
        })
        expect(await other.post(`/_callbacks/tasks/${unwanted}/cancel`, {})).toMatchObject({ status: 409 })
      }),
    LIMIT_MS,
  )

  test.concurrent(
    'a run that was cancelled while nobody had it does not go on',
    () =>
      inWorld(site, async (world) => {
        const owner = await world.start()
        const other = await world.start()
        const tasks = await waiting(world, owner, 2)
        const [, [unwantedRun, unwanted] = ['', '']] = [...tasks]
        await world.kill(owner)
        expect(await other.post(`/_callbacks/tasks/${unwanted}/cancel`, {})).toMatchObject({ status: 200 })
        await other.writes(({ is, task, status }) => is === 'task' && task === unwanted && status === 'cancelled')
        await world.callBack(tasks.keys())
        await world.ended(new Map([...tasks].slice(0, 1)))
        expect(await other.get(`/task/${unwanted}`)).toMatchObject({ body: { status: 'cancelled' } })
        expect(world.painter.reportsOf(unwantedRun)).toEqual([])
      }),
    LIMIT_MS,
  )
}
