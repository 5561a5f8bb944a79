import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Course } from '../../lib/deliveries/course'
import { createDeliveryFiles, type DeliveryFiles } from '../../lib/deliveries/files'

let folder = ''
let told: string[] = []

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'deliveries-')), 'sub')
  told = []
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const note = (_details: object, message: string): void => void told.push(message)
const logger = { debug: note, info: note, warn: note, error: note }

function open(maxBytes = 1e6, path = folder): DeliveryFiles {
  return createDeliveryFiles({
    path,
    maxBytes,
    secretParameters: new Set<string>(),
    mask: (text: string) => text,
    secretHeaders: new Set(['x-hub-signature-256']),
    logger,
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
