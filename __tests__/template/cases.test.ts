import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { compileTemplate } from '../../lib/template/compile'

interface Case {
  readonly name: string
  readonly template: unknown
  readonly sources: Record<string, unknown>
  readonly expected?: unknown
  readonly throws?: boolean
}

const cases: Case[] = JSON.parse(readFileSync(join(__dirname, '../fixtures/templates.json'), 'utf8'))

/** A source given as `{"$raises": …}` throws when it is read. */
function toScope(sources: Record<string, unknown>): Record<string, unknown> {
  const scope = {}
  for (const [name, value] of Object.entries(sources)) {
    const raises = typeof value === 'object' && value !== null && '$raises' in value
    Object.defineProperty(scope, name, {
      enumerable: true,
      get() {
        if (raises) throw new Error('cannot be read')
        return value
      },
    })
  }
  return scope
}

describe('the template cases from outside', () => {
  test('are all there', () => {
    expect(cases.length).toBe(85)
  })

  test.each(cases.map((one, index) => ({ ...one, title: `${index}: ${one.name}` })))('$title', (one) => {
    const render = (): unknown => compileTemplate(one.template, { at: 'template' }).render(toScope(one.sources))
    if (one.throws === true) expect(render).toThrow(expect.objectContaining({ code: 'ERR_TEMPLATE' }))
    else expect(render()).toEqual(one.expected)
  })
})
