import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Course } from '../../lib/deliveries/course'
import { createDeliveryFiles, type DeliveryFiles, type FilesOptions } from '../../lib/deliveries/files'
import { createFakeClock } from '../helpers/fake-clock'

let folder = ''
let told: string[] = []

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'deliveries-')), 'sub')
  told = []
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const note = (_details: object, message: string): void => void told.push(message)
const logger = { debug: note, info: note, warn: note, error: note }

function open(maxBytes = 1e6, path = folder, more: Partial<FilesOptions> = {}): DeliveryFiles {
  return createDeliveryFiles({
    path,
    maxBytes,
    secretParameters: new Set<string>(),
    mask: (text: string) => text,
    secretHeaders: new Set(['x-hub-signature-256']),
    logger,
    clock: createFakeClock(),
    ...more,
  })
}

function kept(id: string, body: Buffer): Course {
  const headers = ['X-Hub-Signature-256', 'sha256=abc', 'Authorization', 'Bearer canary', 'X-Kind', 'a']
  const course = new Course('POST /done', 5, 'POST', '/done?a=1', headers, undefined)
  Object.assign(course, { body, bodyBytes: body.length, isVerified: true, params: { tenant: 'blue' }, status: 200 })
  course.end('unidentified')
  return Object.assign(course, { id })
}

describe('the files of deliveries', () => {
  test('hold the bytes as they came, and no secret of a header', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x7b, 0x0a, 0xc3])
    const files = open()
    expect(await files.read()).toEqual([])
    files.write(kept('dlv_1', bytes))
    await files.close()
    const [name = ''] = readdirSync(folder)
    const text = readFileSync(join(folder, name), 'utf8')
    expect(text).not.toMatch(/canary|sha256=abc/)
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    const [again] = await open().read()
    expect(again?.id).toBe('dlv_1')
    expect(again?.body).toEqual(bytes)
    expect(again).toMatchObject({
      endpoint: 'POST /done',
      target: '/done?a=1',
      isVerified: true,
      verdict: 'unidentified',
      params: { tenant: 'blue' },
      status: 200,
      rawHeaders: ['X-Hub-Signature-256', '[redacted]', 'Authorization', '[redacted]', 'X-Kind', 'a'],
    })
  })

  test('roll, and keep to their bytes', async () => {
    const files = open(40_000)
    await files.read()
    for (let index = 0; index < 100; index += 1) {
      files.write(kept(`dlv_${String(index).padStart(3, '0')}`, Buffer.alloc(1000)))
      await files.close()
    }
    const names = readdirSync(folder).toSorted()
    expect(names).toHaveLength(4)
    expect(names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)).toBeLessThanOrEqual(44_000)
    const ids = (await open(40_000).read()).map(({ id }) => id)
    expect(ids.at(-1)).toBe('dlv_099')
    expect(ids).toEqual(ids.toSorted())
  })

  test.each(['{"id":"dlv_9"', '[]', 'null', '{"id":1}', '\u0000\u0000', '{"__proto__":{}}'])(
    'a line %j is left out and told of',
    async (line) => {
      const files = open()
      await files.read()
      files.write(kept('dlv_1', Buffer.from('a')))
      await files.close()
      appendFileSync(join(folder, 'deliveries-00000001.jsonl'), `${line}\n`)
      expect((await open().read()).map(({ id }) => id)).toEqual(['dlv_1'])
      expect(told).toEqual([`Lines in ${folder} that are no deliveries: 1; they are left out`])
    },
  )

  test('a folder that cannot be written is told of once', async () => {
    const path = join(folder, '..', 'file')
    const files = open(1e6, join(path, 'x'))
    writeFileSync(path, '')
    files.write(kept('dlv_1', Buffer.from('a')))
    await files.close()
    files.write(kept('dlv_2', Buffer.from('b')))
    await files.close()
    expect(told).toEqual([`Deliveries cannot be written to ${join(path, 'x')}; callbacks are taken all the same`])
  })
})

/** A file whose writes end when the test says so. */
function createSlowFile() {
  const writes: { readonly text: string; readonly end: (error?: Error) => void }[] = []
  let onWrite = (): void => undefined
  return {
    writes,
    append: (_file: string, text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        writes.push({ text, end: (error) => (error ? reject(error) : resolve()) })
        onWrite()
      }),
    /** Resolves when the next write has begun. */
    next: (): Promise<void> =>
      new Promise((resolve) => {
        onWrite = resolve
      }),
  }
}

const idsIn = (text = ''): readonly string[] => [...text.matchAll(/"id":"(\w+)"/g)].map(([, id = '']) => id)

describe('a disk that hangs', () => {
  const LATE = () => `The disk does not take deliveries to ${folder} in time; the oldest that wait are left out`

  test.each([
    [1000, 20_000, 20],
    [100, 20_000, 100],
    [15_000, 20_000, 3],
    [50_000, 20_000, 3],
  ])(
    'makes no more wait than the limit: bodies of %i bytes, %i in all, %i deliveries',
    async (bytes, maxBytes, count) => {
      const file = createSlowFile()
      const files = open(maxBytes, folder, { append: file.append })
      const begun = file.next()
      files.write(kept('dlv_first', Buffer.alloc(10)))
      await begun
      const all = Array.from({ length: count }, (_, index) => `dlv_${String(index).padStart(3, '0')}`)
      for (const id of all) files.write(kept(id, Buffer.alloc(bytes)))
      const again = file.next()
      file.writes[0]?.end()
      await again
      const [, { text, end } = { text: '', end: () => undefined }] = file.writes
      const ids = idsIn(text)
      expect(ids).toEqual(all.slice(-ids.length))
      expect(ids.length).toBeLessThan(count)
      expect(text.length <= maxBytes || ids.length === 1).toBe(true)
      end()
      await files.close()
      const left = count - ids.length
      expect(told).toEqual([LATE(), `Deliveries are written to ${folder} again; left out meanwhile: ${left}`])
    },
  )

  test('takes all of them when they are few', async () => {
    const file = createSlowFile()
    const files = open(1e6, folder, { append: file.append })
    const begun = file.next()
    files.write(kept('dlv_1', Buffer.alloc(10)))
    await begun
    files.write(kept('dlv_2', Buffer.alloc(10)))
    files.write(kept('dlv_3', Buffer.alloc(10)))
    const again = file.next()
    file.writes[0]?.end()
    await again
    file.writes[1]?.end()
    await files.close()
    expect(file.writes.flatMap(({ text }) => idsIn(text))).toEqual(['dlv_1', 'dlv_2', 'dlv_3'])
    expect(told).toEqual([])
  })

  test.each([
    [1, 0],
    [1, 4],
    [3, 0],
  ])('is left after five seconds: %i that it has, %i that wait', async (begunCount, waitingCount) => {
    const clock = createFakeClock()
    const file = createSlowFile()
    const files = open(1e6, folder, { append: file.append, clock })
    const begun = file.next()
    for (let index = 0; index < begunCount; index += 1) files.write(kept('dlv_1', Buffer.alloc(10)))
    await begun
    for (let index = 0; index < waitingCount; index += 1) files.write(kept('dlv_2', Buffer.alloc(10)))
    let isClosed = false
    const closing = files.close().then(() => (isClosed = true))
    clock.advance(4999)
    expect(isClosed).toBe(false)
    clock.advance(1)
    await closing
    const count = begunCount + waitingCount
    expect(told).toEqual([`The disk took no more deliveries to ${folder} within 5000 ms; left out: ${count}`])
    expect(clock.timers).toBe(0)
  })

  test('and then fails is told of once, with what was lost', async () => {
    const file = createSlowFile()
    const files = open(1e6, folder, { append: file.append })
    for (const failure of [new Error('EIO'), new Error('EIO'), undefined]) {
      const begun = file.next()
      files.write(kept('dlv_1', Buffer.alloc(10)))
      await begun
      file.writes.at(-1)?.end(failure)
      await files.close()
    }
    expect(told).toEqual([
      `Deliveries cannot be written to ${folder}; callbacks are taken all the same`,
      `Deliveries are written to ${folder} again; left out meanwhile: 2`,
    ])
  })
})
