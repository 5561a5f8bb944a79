import { expect, test } from '@jest/globals'
import { useFileLedgers } from './use-file-ledgers'
import { useWriters, type Writer } from './use-writers'

const ledgers = useFileLedgers()
const startWriter = useWriters()

/** Every record that was said to be appended to has the entries of which that was said, at their places. */
async function expectKept(writer: Writer): Promise<void> {
  const ledger = await ledgers.open()
  const said = writer.lines().slice(1)
  const logs = new Map<string, readonly unknown[]>()
  for (const line of said) {
    const [id = '', number, length] = line.split(' ')
    if (!logs.has(id)) logs.set(id, (await ledger.read('run', id))?.log ?? [])
    expect(logs.get(id)?.[Number(length) - 1]).toEqual({ number: Number(number) })
  }
  await ledger.close()
}

test.each(['always', 'interval'])(
  'kill -9 in a burst loses nothing that was done, sync: %s (needs dist)',
  async (sync) => {
    const writer = await startWriter(ledgers.folder, sync, '100')
    await writer.said(1000)
    await writer.kill()
    await expectKept(writer)
  },
)

test('kill -9 while the journal is written anew loses nothing that was done (needs dist)', async () => {
  for (let time = 0; time < 5; time++) {
    // After 430 lines the journal has grown by 8 MB, of which little is left.
    const writer = await startWriter(ledgers.folder, 'interval', '20000')
    await writer.said(430 + 20 * time)
    await writer.kill()
    await expectKept(writer)
  }
})
