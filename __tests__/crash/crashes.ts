import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import { type Instance, killAll } from './instances'
import { paintingOf } from './painter'
import { inWorld, print, type StoreSite, type World } from './worlds'

/** Runs of a test that needs some. */
const COUNT = 40
const LIMIT_MS = 240_000

/** What must hold on every store when the process that has runs is killed. The tests run at the same time. */
export function describeCrashes(site: StoreSite): void {
  const isShared = site.type !== 'file'

  /** One that has the runs, and on a shared store one that has none yet. */
  async function open(world: World): Promise<Instance> {
    const owner = await world.start()
    if (isShared) await world.start()
    return owner
  }

  /** Resolves when somebody else goes on with the runs of one that is gone. */
  async function takenUp({ live }: World): Promise<number> {
    const begin = Date.now()
    await live[0]?.writes(({ message }) => message?.startsWith('Took up') === true)
    return Math.round((Date.now() - begin) / 100) / 10
  }

  async function killAndGoOn(world: World, owner: Instance): Promise<void> {
    await world.kill(owner)
    if (!isShared) await world.start()
  }

  /** Says of each run how often the same was asked of the service, of those that had been recorded and of the others. */
  function countSends(world: World, tasks: ReadonlyMap<string, string>, recorded: ReadonlySet<string>): number {
    let repeated = 0
    for (const [run, task] of tasks) {
      const sends = world.painter.sendsOf(run)
      if (recorded.has(task)) expect({ run, sends: sends.length }).toEqual({ run, sends: 1 })
      // The service can tell that it is the same.
      expect(new Set(sends.map(({ key }) => key)).size).toBe(1)
      repeated += sends.length - 1
    }
    return repeated
  }

  /** Gives how often a report was repeated; each has the result of its own run. */
  function countReports({ painter }: World, tasks: ReadonlyMap<string, string>): number {
    let repeated = 0
    for (const run of tasks.keys()) {
      const reports = painter.reportsOf(run)
      expect([...new Set(reports)]).toEqual([paintingOf(run)])
      repeated += reports.length - 1
    }
    return repeated
  }

  function allWait(owner: Instance, count: number): Promise<void> {
    return owner.until(() => owner.recorded.size >= count)
  }

  const figures: string[] = []
  afterAll(async () => {
    await killAll()
    print(`${site.type}: ${figures.join('; ')}`)
  })

  test.concurrent(
    'two hundred runs that wait are taken up after kill -9, and each ends once, with its own result',
    () =>
      inWorld(site, async (world) => {
        const owner = await open(world)
        const tasks = await world.submit(owner, 200)
        expect(tasks.size).toBe(200)
        await allWait(owner, 200)
        await killAndGoOn(world, owner)
        const seconds = await takenUp(world)
        await world.callBack(tasks.keys())
        await world.ended(tasks)
        expect(countSends(world, tasks, owner.recorded)).toBe(0)
        expect(countReports(world, tasks)).toBe(0)
        expect([owner, ...world.live].flatMap(({ ended }) => ended).toSorted()).toEqual([...tasks.values()].toSorted())
        figures.push(`200 waiting runs taken up ${seconds} s after the kill`)
      }),
    LIMIT_MS,
  )

  test.concurrent(
    'what was sent and not recorded when kill -9 came is sent again with its key, and nothing else is',
    async () => {
      await Promise.all(
        (isShared ? [5, 30] : [5, 20, 35]).map(async (moment) => {
          const work = async (world: World): Promise<void> => {
            const owner = await open(world)
            const submitting = world.submit(owner, COUNT)
            await world.painter.asked(moment)
            await killAndGoOn(world, owner)
            const tasks = await submitting
            await takenUp(world)
            const recorded = owner.recorded
            await everyOneAnswered(world, tasks)
            await world.callBack(tasks.keys())
            await world.ended(tasks)
            const count = countSends(world, tasks, recorded)
            expect(countReports(world, tasks)).toBe(0)
            figures.push(
              `killed after ${moment} sends: ${tasks.size} runs, ${recorded.size} sends recorded, ${count} repeated`,
            )
          }
          await inWorld(site, work, () => sleep(Math.random() * 400))
        }),
      )
    },
    LIMIT_MS,
  )

  /** Resolves when each run waits for the callback of what it has sent last. */
  async function everyOneAnswered({ live: [heir] }: World, tasks: ReadonlyMap<string, string>): Promise<void> {
    await heir?.until(() => [...tasks.values()].every((task) => heir.recorded.has(task)))
  }

  test.concurrent(
    'callbacks that were acknowledged before kill -9 in the middle of a burst count, the others are sent again',
    async () => {
      await Promise.all(
        (isShared ? [10] : [5, 20]).map((moment) =>
          inWorld(site, async (world) => {
            const owner = await open(world)
            const tasks = await world.submit(owner, COUNT)
            await allWait(owner, COUNT)
            const calling = world.callBack(tasks.keys())
            await owner.until(() => owner.ended.length >= moment)
            await killAndGoOn(world, owner)
            await calling
            await world.ended(tasks)
            const again = countReports(world, tasks)
            // What comes once more changes nothing.
            await world.callBack(tasks.keys())
            await world.ended(tasks)
            expect(countSends(world, tasks, owner.recorded)).toBe(0)
            expect(countReports(world, tasks)).toBe(again)
            figures.push(`killed in a burst after ${moment} ends: ${again} reports repeated`)
          }),
        ),
      )
    },
    LIMIT_MS,
  )

  test.concurrent(
    'waits by hand that are asked again at once after kill -9 have what came meanwhile, with a key and without',
    () =>
      inWorld(site, async (world) => {
        const owner = await open(world)
        const asked = [{ id: 'by-hand' }, { id: 'by-key', key: 'key' }]
        for (const one of asked) {
          void owner.post('/wait', one)
          await owner.writes(({ is, id }) => is === 'wait' && id === one.id)
        }
        await sleep(500) // they are registered by now
        await killAndGoOn(world, owner)
        const [heir] = world.live
        for (const { id } of asked)
          expect(await heir?.post('/done', { task: id, painting: id })).toMatchObject({ status: 200 })
        const begin = Date.now()
        const answers = await Promise.all(asked.map(async (one) => heir?.post('/wait', one)))
        for (const [index, { id }] of asked.entries())
          expect(answers[index]).toMatchObject({ status: 200, body: { result: { painting: id } } })
        figures.push(`waits by hand asked again after kill -9 answered in ${Date.now() - begin} ms`)
      }),
    LIMIT_MS,
  )

  test.concurrent(
    'an instance that closes hands its runs over at once, before those of one that was killed earlier',
    () =>
      inWorld(site, async (world) => {
        const killed = isShared ? await world.start() : undefined
        const owner = await world.start()
        const lost = killed ? await world.submit(killed, 3, 'lost') : new Map<string, string>()
        const tasks = await world.submit(owner, 20)
        await allWait(owner, 20)
        if (killed) {
          await allWait(killed, 3)
          await world.start()
          await world.kill(killed)
        }
        await world.stop(owner)
        if (!isShared) await world.start()
        const seconds = await takenUp(world)
        const [heir] = world.live
        const first = heir?.lines.find(({ message }) => message?.startsWith('Took up') === true)?.message
        expect([...tasks.values()].some((task) => first?.includes(task))).toBe(true)
        await world.callBack([...tasks.keys(), ...lost.keys()])
        const all = new Map([...tasks, ...lost])
        await world.ended(all)
        expect(countSends(world, all, new Set(all.values()))).toBe(0)
        expect(countReports(world, all)).toBe(0)
        figures.push(`handed over by close() after ${seconds} s`)
      }),
    LIMIT_MS,
  )
}
