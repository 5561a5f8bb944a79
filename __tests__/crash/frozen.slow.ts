import { afterAll, expect, test } from '@jest/globals'
import { describeBoth } from '../stores/use-shared-ledgers'
import { killAll } from './instances'
import { callbackOf, paintingOf } from './painter'
import { inWorld, onServer } from './worlds'

const LIMIT_MS = 120_000

describeBoth('a process that has runs is frozen', (server) => {
  afterAll(killAll)

  test(
    'until another one has taken them up: each goes on there, once, wherever its callback comes',
    () =>
      inWorld(onServer(server.type, server), async (world) => {
        const owner = await world.start()
        const tasks = await world.submit(owner, 6)
        const ids = [...tasks.values()]
        await owner.until(() => ids.every((task) => owner.recorded.has(task)))
        const heir = await world.start()
        owner.freeze()
        // The system takes the connection; the process answers when it goes on.
        const early = owner.post('/done', callbackOf('run-0.1'))
        await heir.until(() => ids.every((task) => heir.recorded.has(task)))
        for (const run of ['run-1', 'run-2'])
          expect(await heir.post('/done', callbackOf(`${run}.1`))).toMatchObject({ status: 200 })
        await heir.until(() => heir.ended.length === 2)

        owner.thaw()
        expect(await early).toMatchObject({ status: 200 })
        expect(await owner.post('/done', callbackOf('run-3.1'))).toMatchObject({ status: 200 })
        expect(await heir.post('/done', callbackOf('run-4.1'))).toMatchObject({ status: 200 })
        // It has noticed: all that it had is over here.
        await owner.until(() => new Set(owner.ended).size === ids.length)
        expect(await owner.post('/done', callbackOf('run-5.1'))).toMatchObject({ status: 200 })

        await heir.until(() => heir.ended.length === ids.length)
        await world.ended(tasks)
        for (const run of tasks.keys()) {
          expect(world.painter.sendsOf(run).length).toBe(1)
          expect(world.painter.reportsOf(run)).toEqual([paintingOf(run)])
        }
        expect(owner.lines.filter(({ is, status }) => is === 'task' && status === 'succeeded')).toEqual([])
      }),
    LIMIT_MS,
  )
})
