import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { isWhole, type Read, read, textOf, writeAll } from './read-journal'
import { useFileLedgers } from './use-file-ledgers'

const ledgers = useFileLedgers()

describe('one bit of a journal that is another one', () => {
  let journal: Buffer
  let whole: Read

  async function flipEach(take: (flipped: Read, place: string) => void): Promise<void> {
    for (let byte = 0; byte < journal.length; byte++)
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(journal)
        bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit)
        take(await read(bytes), `bit ${bit} of byte ${byte}`)
      }
  }

  describe.each([['as it was written'], ['that was written again']])('of a journal %s', (how) => {
    beforeEach(async () => {
      const ledger = await ledgers.open()
      await writeAll(ledger, ledgers)
      await ledger.close()
      if (how !== 'as it was written') {
        writeFileSync(ledgers.journal, Buffer.concat([readFileSync(ledgers.journal), Buffer.from('garbage\n')]))
        await (await ledgers.open()).close()
        rmSync(`${ledgers.journal}.damaged-1`)
      }
      journal = readFileSync(ledgers.journal)
      whole = await read(journal)
      expect(isWhole(whole)).toBe(true)
    })

    test('is found wherever it is, refuses nothing, and costs one line at most', async () => {
      const wrong: string[] = []
      let found = 0
      await flipEach((flipped, place) => {
        if (!isWhole(flipped)) found++
        const isHarmless = isWhole(flipped) || (flipped.lost === 0 && flipped.tornBytes === 0)
        if (flipped.lost > 1 || (isHarmless && textOf(flipped) !== textOf(whole))) wrong.push(place)
        if ([...flipped.state.keys()].some((name) => !whole.state.has(name) && name !== 'owner gone')) wrong.push(place)
      })
      expect(wrong).toEqual([])
      expect(found).toBeGreaterThan(journal.length * 7.5)
    })
  })
})

describe('the journal of an app', () => {
  /** Written by 0.4, and then again in the present format. */
  const OF_0_4 = join(__dirname, '../fixtures/stores/journal-0.4.0')
  const TRIES = 400
  let journal: Buffer
  let whole: Read

  beforeEach(async () => {
    copyFileSync(OF_0_4, ledgers.journal)
    await (await ledgers.open()).close()
    journal = readFileSync(ledgers.journal)
    whole = await read(journal)
    expect(whole.state.size).toBeGreaterThan(10)
  })

  test.each<[string, (bytes: Buffer, next: (below: number) => number) => void]>([
    ['one bit', (bytes, next) => flip(bytes, next)],
    ['one byte', (bytes, next) => void (bytes[next(bytes.length)] = next(256))],
    ['up to 30 bytes', (bytes, next) => void bytes.subarray(next(bytes.length)).subarray(0, next(30)).fill(next(256))],
    ['zeros up to the end of a block', zeroBlock],
    ['one line break more', (bytes, next) => void (bytes[next(bytes.length)] = 0x0a)],
    ['two bits', (bytes, next) => flip(bytes, next, 2)],
  ])('with other bytes is never silently another one: %s', async (_, spoil) => {
    const wrong: number[] = []
    for (let seed = 1; seed <= TRIES; seed++) {
      const bytes = Buffer.from(journal)
      spoil(bytes, random(seed))
      const spoiled = await read(bytes)
      if (isWhole(spoiled) && textOf(spoiled) !== textOf(whole)) wrong.push(seed)
      if ([...spoiled.state.keys()].some((name) => !whole.state.has(name))) wrong.push(seed)
    }
    expect(wrong).toEqual([])
  })
})

function flip(bytes: Buffer, next: (below: number) => number, count = 1): void {
  for (let done = 0; done < count; done++) {
    const byte = next(bytes.length)
    bytes[byte] = (bytes[byte] ?? 0) ^ (1 << next(8))
  }
}

function zeroBlock(bytes: Buffer, next: (below: number) => number): void {
  const start = next(bytes.length / 512) * 512
  bytes.subarray(start, start + 512).fill(0)
}

/** Returns numbers below others that look random (Park and Miller, 1988). */
function random(seed: number): (below: number) => number {
  let state = seed * 7919
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return Math.floor((state / 2_147_483_647) * below)
  }
}
