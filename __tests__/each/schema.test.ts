import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { z } from 'zod'
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
