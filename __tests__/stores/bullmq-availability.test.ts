import { describe, expect, test } from '@jest/globals'
import { createAvailability } from '../../adapters/stores/bullmq-availability'
import { createFakeClock } from '../helpers/fake-clock'
import { createLog } from './use-shared-ledgers'

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A server whose answers the test decides on. */
function createWatched() {
  const clock = createFakeClock()
  const log = createLog()
  const server = { isThere: true, backs: 0 }
  const availability = createAvailability({
    url: 'redis://:secret@host',
    clock,
    logger: log.logger,
    maxRunning: Infinity,
    probe: async () => {
      if (!server.isThere) throw new Error('gone')
    },
    onBack: () => void server.backs++,
  })
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    availability.run(work, { since: clock.now(), isBatched: false })
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100)
      await settled()
    }
  }
  return { availability, clock, log, server, run, pass }
}

describe('a server', () => {
  test('that fails a command and is there is told of once a minute', async () => {
    const { availability, log, server, run, pass } = createWatched()
    const fail = (): Promise<never> => Promise.reject(new Error('OOM command not allowed'))
    for (let count = 0; count < 100; count++) {
      await expect(run(fail)).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message:
          'The store redis://host is not available: its memory is full; raise maxmemory (OOM command not allowed)',
      })
      await pass(1_000)
    }
    expect(log.lines).toHaveLength(2)
    expect(log.lines[0]).toMatch(/^warn: The store redis:\/\/host reports an error .*OOM/)
    expect(server.backs).toBe(0)
    await availability.close()
  })

  test('that is away for long is told of once, and once when it is back', async () => {
    const { availability, log, server, run, pass } = createWatched()
    server.isThere = false
    availability.suspect(new Error('closed'))
    await settled()
    for (let count = 0; count < 10; count++) {
      const refused = expect(run(async () => 'done')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      await pass(2_500)
      await refused
    }
    const waiting = run(async () => 'done')
    server.isThere = true
    await pass(600)
    expect(await waiting).toBe('done')
    expect(server.backs).toBe(1)
    expect(log.lines.map((line) => line.split(' {')[0])).toEqual([
      'warn: The store redis://host is away',
      'info: The store redis://host is back',
    ])
    await availability.close()
  })

  test('that hangs holds no command for more than three seconds, however many wait for one another', async () => {
    const { availability, clock, server, pass } = createWatched()
    server.isThere = false
    const since = clock.now()
    let ended = 0
    async function oneAfterTheOther(): Promise<void> {
      for (let count = 0; count < 20; count++) {
        const hanging = availability.run(() => new Promise(() => undefined), { since, isBatched: false })
        await hanging.catch(() => ended++)
      }
    }
    const all = oneAfterTheOther()
    await pass(3_200)
    await all
    expect(ended).toBe(20)
    await availability.close()
  })

  test('leaves no timer behind when it is closed, also while it is away', async () => {
    const { availability, clock, server, run, pass } = createWatched()
    expect(await run(async () => 'done')).toBe('done')
    server.isThere = false
    availability.suspect(new Error('closed'))
    await settled()
    const refused = expect(run(async () => 'done')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await availability.close()
    await refused
    await pass(100)
    expect(clock.timers).toBe(0)
    await expect(run(async () => 'done')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
