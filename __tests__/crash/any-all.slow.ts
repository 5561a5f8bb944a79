import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import { type Instance, killAll, startInstance } from './instances'
import { FILE, onServer, print, type StoreConfig, type StoreSite } from './worlds'

const RUNS = 60
const KILLS = 6
const LIMIT_MS = 240_000
/** How long the callbacks of a run take at most, in milliseconds, so that they come between and during the kills. */
const SPREAD_MS = 4000

const ENDPOINT = { identify_by: '${body.id}', result: '${body.value}', workflow: false } as const

/** A run waits for any of three callbacks, and then for all of three others. */
function configOf(store: StoreConfig): CallbacksConfig {
  return {
    store,
    listener: {
      callbacks: [
        { path: '/done', ...ENDPOINT },
        { path: '/other', ...ENDPOINT },
      ],
    },
    workflow: {
      id: 'hear',
      jobs: [
        {
          id: 'paint',
          wait_for: {
            any: [
              { id: '${input.run}-x', path: '/done', name: 'x' },
              { id: '${input.run}-y', path: '/other', name: 'y' },
              { id: ['${input.run}-z', '${input.run}-zz'], path: '/other', name: 'z' },
            ],
          },
          output: { value: '${output}', by: '${branch.name}' },
        },
        {
          id: 'all',
          wait_for: {
            all: [{ id: '${input.run}-a', path: '/done' }, { id: '${input.run}-b', path: '/other' }, '${input.run}-c'],
          },
        },
      ],
      output: { any: '${jobs.paint.output}', all: '${jobs.all.output}' },
    },
  }
}

/** The callbacks that come for a run, and where. */
const COMING = [
  ['y', '/other'],
  ['a', '/done'],
  ['b', '/other'],
  ['c', '/done'],
] as const

describe('processes that are killed while runs wait for any and all of several callbacks', () => {
  afterAll(() => killAll())

  const sites: readonly (readonly [string, string | undefined, () => StoreSite])[] = [
    ['file', undefined, () => FILE],
    ['redis', withoutRedis, () => onServer('redis', redis ?? { url: '' })],
    ['postgres', withoutPostgres, () => onServer('postgres', postgres ?? { url: '' })],
  ]
  const redis = withoutRedis === undefined ? useRedis() : undefined
  const postgres = withoutPostgres === undefined ? usePostgres() : undefined

  for (const [type, missing, siteOf] of sites) {
    if (missing !== undefined) test.skip(`${type} (needs: ${missing})`, () => undefined)
    else
      test.concurrent(
        `end each run once with its own results, and leave no wait: ${type}`,
        () => play(siteOf()),
        LIMIT_MS,
      )
  }
})

async function play(site: StoreSite): Promise<void> {
  const { store, remove } = site.create()
  const live: Instance[] = []
  const all: Instance[] = []
  const start = async (): Promise<void> => {
    const instance = await startInstance(configOf(store))
    live.push(instance)
    all.push(instance)
  }

  /** Sends a callback until it is acknowledged, each time to the next of the instances. */
  async function send(run: string, [name, path]: readonly [string, string]): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const answer = await live[tries % live.length]?.post(path, { id: `${run}-${name}`, value: `${name} of ${run}` })
      if (answer?.status === 200) return
      await sleep(50)
    }
  }

  try {
    for (let count = site.type === 'file' ? 1 : 2; count > 0; count -= 1) await start()
    const tasks = new Map<string, string>()
    for (let index = 0; index < RUNS; index += 1) {
      const run = `run-${index}`
      const answer = await live[0]?.post('/submit', { run })
      tasks.set(run, String(Object(answer?.body).id))
    }
    const sending = [...tasks.keys()].flatMap((run) =>
      COMING.map(async (one) => {
        await sleep(Math.random() * SPREAD_MS)
        await send(run, one)
      }),
    )
    for (let kills = 0; kills < KILLS; kills += 1) {
      await sleep(Math.random() * 500)
      await live.shift()?.kill()
      await start()
    }
    await Promise.all(sending)
    for (const [run, task] of tasks) expect(await endOf(live, task)).toMatchObject(stateOf(run))
    // The callbacks of the branches that lost are for the next waits for their ids.
    for (const run of tasks.keys()) {
      await send(run, ['x', '/done'])
      expect(await live[0]?.post('/wait', { id: `${run}-x` })).toMatchObject({ body: { result: `x of ${run}` } })
    }
    const ended = all.flatMap((instance) => instance.ended)
    print(`${site.type}: any and all, ${RUNS} runs over ${KILLS} kills, ${ended.length} ends told`)
    expect(new Set(ended)).toEqual(new Set(tasks.values()))
  } finally {
    await Promise.all(live.map((instance) => instance.kill()))
    remove()
  }
}

function stateOf(run: string): object {
  const any = { value: `y of ${run}`, by: 'y' }
  return { status: 'succeeded', output: { any, all: ['a', 'b', 'c'].map((name) => `${name} of ${run}`) } }
}

async function endOf(live: readonly Instance[], task: string): Promise<unknown> {
  for (;;) {
    const answer = await live[0]?.get(`/task/${task}`)
    if (answer?.status === 200 && Object(answer.body).status !== 'running') return answer.body
    await sleep(200)
  }
}
