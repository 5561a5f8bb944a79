import { expect, test } from '@jest/globals'
import { describeBoth, until, useLedgers } from './use-shared-ledgers'

const ledgers = useLedgers()

describeBoth('a connection that breaks', (server) => {
  test('what was on its way is refused, and does not hold up what comes after it', async () => {
    const messages: unknown[] = []
    let backs = 0
    const ledger = await ledgers.open(server, {
      onMessage: (message) => messages.push(message),
      onBack: () => void (backs += 1),
    })
    await ledger.append('key', 'first', 1, { orCreate: { data: null, ttlMs: 60_000 } })
    server.signal('SIGSTOP')
    const lost = Promise.allSettled([ledger.append('key', 'first', 2), ledger.publish('lost')])
    for (const { status } of await lost) expect(status).toBe('rejected')
    await server.stop()
    await server.start()
    const succeeds = (work: () => Promise<unknown>) => () =>
      work().then(
        () => true,
        () => false,
      )
    await until(succeeds(() => ledger.append('key', 'first', 3)))
    await until(() => backs > 0) // what is published before may get lost
    await until(succeeds(() => ledger.publish('heard')))
    await until(() => messages.includes('heard'))
    expect((await ledger.read('key', 'first'))?.log.at(-1)).toBe(3)
  }, 60_000)
})
