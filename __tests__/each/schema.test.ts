import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { z } from 'zod'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'each-schema-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const NUMBER = z.object({ n: z.string().transform(Number) })

async function open(type: string) {
  const { hooks } = hosts.start({
    store: type === 'file' ? { type: 'file', path: folder } : { type: 'memory' },
    listener: { path: '/pages', identify_by: '${body.id}', result: '${body}', schema: NUMBER },
  })
  await hooks.open()
  return hooks
}

test.each([
  ['memory', {}],
  ['file', {}],
  ['file', { key: 'k' }],
])(
  'on the store %s an iteration gets what the schema makes, and ends with what does not fit (%j)',
  async (type, more) => {
    const hooks = await open(type)
    const pages = hooks.each('a', more)
    for (const n of ['1', '2', 3, '4']) await hooks.settle('a', { n })
    const got: unknown[] = []
    const read = async (): Promise<void> => {
      for await (const page of pages) got.push(page)
    }
    await expect(read()).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', issues: [{ path: 'n' }] })
    expect(got).toEqual([{ n: 1 }, { n: 2 }])
    if ('key' in more)
      await expect(hooks.each('a', more).next()).rejects.toMatchObject({
        code: 'ERR_RESULT_SCHEMA',
        issues: [{ path: 'n' }],
      })
  },
)

const STATUS = { status: '${body.s}', success_when: 'ok' }

/** Reads to the end; returns what came, and the code of the error that ended it. */
async function readAll(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const got: unknown[] = []
  try {
    for await (const page of pages) got.push(page)
  } catch (error) {
    got.push((error as { readonly code: string }).code)
  }
  return got
}

test.each([
  ['memory', {}],
  ['file', {}],
  ['file', { key: 'k' }],
])('on the store %s the schema of an iteration holds for pending callbacks, too (%j)', async (type, more) => {
  const store = type === 'file' ? { type: 'file' as const, path: folder } : { type: 'memory' as const }
  const listener = { path: '/pages', identify_by: '${body.id}', result: '${body}', ...STATUS }
  const { hooks, post } = await hosts.open({ store, listener })
  await hooks.open()
  for (const [id, last, expected] of [
    ['a', { n: '2' }, [{ n: 1 }, { n: 2 }]],
    ['b', { n: 2 }, [{ n: 1 }, 'ERR_RESULT_SCHEMA']],
    ['c', { n: 2, s: 'later' }, [{ n: 1 }, 'ERR_RESULT_SCHEMA']],
  ] as const) {
    const named = 'key' in more ? { key: id } : {}
    const pages = hooks.each(id, { schema: NUMBER, ...named })
    const reading = readAll(pages satisfies AsyncIterable<{ readonly n: number }>)
    await waitUntil(() => hooks.stats().waiting === 1)
    await post('/pages').send({ id, s: 'begun', n: '1' }).expect(200)
    await post('/pages')
      .send({ id, s: 'ok', ...last })
      .expect(200)
    expect(await reading).toEqual(expected)
  }
})

test('the schema of an iteration types what until and full give, and stands behind that of the endpoint', async () => {
  const hooks = await open('memory')
  const schema = z.object({ n: z.number() }).transform(({ n }) => n * 10)
  const until = (result: number): boolean => result === 20
  const pages = hooks.each('a', { schema, until, full: true })
  for (const n of ['1', '2']) await hooks.settle('a', { n })
  const got: number[] = []
  for await (const { result } of pages) got.push(result satisfies number)
  expect(got).toEqual([10, 20])
})

test.each([[null], ['zod'], [{ parse: () => 1 }]])('what is no schema is refused at once: %j', async (schema) => {
  const hooks = await open('memory')
  expect(() => hooks.each('a', { schema: schema as never })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message: expect.stringContaining('schema') }),
  )
})
