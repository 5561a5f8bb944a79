import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import { describeBoth, type SharedServer } from '../stores/use-shared-ledgers'
import { type Instance, killAll } from './instances'
import { callbackOf, paintingOf } from './painter'
import { inWorld, onServer, type World } from './worlds'

const LIMIT_MS = 120_000
/** How long a process counts as alive that cannot say so, and some more. */
const LONG_MS = 20_000

describeBoth('the server is away', (server) => {
  afterAll(killAll)

  async function waiting(
    world: World,
    owner: Instance,
    count: number,
    prefix?: string,
  ): Promise<ReadonlyMap<string, string>> {
    const tasks = await world.submit(owner, count, prefix)
    expect(tasks.size).toBe(count)
    await owner.until(() => [...tasks.values()].every((task) => owner.recorded.has(task)))
    return tasks
  }

  async function expectEnds(world: World, tasks: ReadonlyMap<string, string>): Promise<void> {
    await world.callBack(tasks.keys())
    await world.ended(tasks)
    for (const run of tasks.keys()) {
      expect(world.painter.sendsOf(run).length).toBe(1)
      expect(world.painter.reportsOf(run)).toEqual([paintingOf(run)])
    }
  }

  test.each([
    ['is stopped', () => server.stop(), () => server.start()],
    ['hangs', async () => server.signal('SIGSTOP'), async () => server.signal('SIGCONT')],
  ])(
    'callbacks and runs are refused while it %s, and all goes on by itself when it is back',
    async (_what, leave, comeBack) => {
      let answer = (): void => undefined
      const answered = new Promise<void>((resolve) => void (answer = resolve))
      const pause = (run: string): Promise<void> => (run === 'late-0' ? answered : Promise.resolve())
      const work = async (world: World): Promise<void> => {
        const [one, other] = [await world.start(), await world.start()]
        const tasks = await waiting(world, one, 10)
        const late = await world.submit(one, 1, 'late')
        await world.painter.asked(11)
        const byHand = one.post('/wait', { id: 'by-hand' })
        await one.writes(({ id }) => id === 'by-hand')
        let later: Promise<unknown>
        await leave()
        try {
          const refused = { status: 503, retryAfter: '5', body: { error: 'ERR_STORE_UNAVAILABLE' } }
          for (const instance of [one, other])
            expect(await instance.post('/done', callbackOf('run-0.1'))).toEqual(refused)
          const unavailable = { body: { error: 'ERR_STORE_UNAVAILABLE' } }
          expect(await one.post('/submit', { run: 'refused' })).toMatchObject(unavailable)
          expect(await other.post('/_callbacks/workflows/runs', {})).toMatchObject({ status: 503 })
          expect(await other.get(`/_callbacks/tasks/${tasks.get('run-0')}`)).toMatchObject({ status: 503 })
          // What is recorded when it is back: that the service has answered.
          answer()
          later = one.post('/wait', { id: 'later' })
          await one.writes(({ id }) => id === 'later')
        } finally {
          await comeBack()
        }
        await expectEnds(world, new Map([...tasks, ...late]))
        for (const id of ['by-hand', 'later'])
          while ((await other.post('/done', { task: id, painting: id })).status !== 200) await sleep(50)
        expect(await byHand).toMatchObject({ status: 200, body: { result: { painting: 'by-hand' } } })
        expect(await later).toMatchObject({ status: 200, body: { result: { painting: 'later' } } })
        await expectEnds(world, await waiting(world, other, 1, 'after'))
      }
      await inWorld(onServer(server.type, server), work, pause)
    },
    LIMIT_MS,
  )

  test(
    'runs stay with their process when it was away for longer than that process counts as alive',
    () => inWorld(onServer(server.type, server), (world) => outlast(server, world)),
    LIMIT_MS,
  )

  async function outlast({ stop, start }: SharedServer, world: World): Promise<void> {
    const [one, other] = [await world.start(), await world.start()]
    const runs = ['run-0', 'run-1', 'run-2']
    const outputs = runs.map((run) => one.post('/run', { run }))
    await one.until(() => one.recorded.size === runs.length)
    await stop()
    await sleep(LONG_MS)
    await start()
    await world.callBack(runs)
    for (const [index, run] of runs.entries())
      expect(await outputs[index]).toMatchObject({ status: 200, body: { output: { painting: paintingOf(run) } } })
    expect(other.lines.filter(({ message }) => message?.startsWith('Took up'))).toEqual([])
  }
})
