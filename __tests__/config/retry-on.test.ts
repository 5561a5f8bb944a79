import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { compileConfig } from '../../lib/config/normalize'
import { createDocument, createSource } from '../../lib/config/read/source'
import { parseYaml } from '../../lib/config/read/yaml'

function onOf(retry: object): readonly number[] | undefined {
  const config = {
    component: { endpoint: 'https://api.test' },
    workflow: { id: 'w', jobs: [{ id: 'a', retry }] },
  } as CallbacksConfig
  const compiled = compileConfig(createSource([createDocument(config)], {}))
  return compiled.workflows.get('w')?.jobs[0]?.retry.on
}

describe('retry.on', () => {
  test.each<[object, readonly number[] | undefined]>([
    [{}, undefined],
    [{ on: 409 }, [409]],
    [{ on: '409' }, [409]],
    [{ on: [409, '423', 404] }, [409, 423, 404]],
    [{ on: [] }, []],
  ])('%p', (retry, on) => {
    expect(onOf(retry)).toEqual(on)
  })

  test.each([{ on: 'often' }, { on: [409, 'x'] }, { on: 4090 }, { on: 4.5 }, { on: [99] }, { on: true }])(
    'refuses %p',
    (retry) => {
      expect(() => onOf(retry)).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIG_VALUE',
          message: expect.stringContaining('a whole number from 200 to 599'),
        }),
      )
    },
  )

  test('in YAML the key is a text, not a flag', () => {
    const { document } = parseYaml('retry: { on: [409, 425] }', 'x.yml')
    expect(document?.data).toEqual({ retry: { on: [409, 425] } })
  })
})
