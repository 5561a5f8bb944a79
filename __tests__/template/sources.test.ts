import { describe, expect, test } from '@jest/globals'
import { CallbackError, type Problem } from '../../lib/base/errors'
import { createPortContext } from '../../lib/gateway/port-context'
import { compileTemplate } from '../../lib/template/compile'
import { refusal, render } from './render'

describe('an unknown source', () => {
  const sources = new Set(['body', 'header'])

  function problemsOf(template: unknown): Problem[] {
    const problems: Problem[] = []
    const { render: run } = compileTemplate(template, { at: 'here', sources, report: (one) => problems.push(one) })
    if (problems.length > 0) expect(run({ input: 1, constructor: 1 })).toBeNull()
    return problems
  }

  test.each([
    ['${input.x}', 'input', '${input.x}'],
    ['${ inputs }', 'inputs', '${inputs}'],
    ['${constructor.x}', 'constructor', '${constructor.x}'],
    ['${__proto__}', '__proto__', '${__proto__}'],
    ['${gateway:8090.public_url}', 'gateway', '${gateway:8090.public_url}'],
    ['${body-1}', 'body-1', '${body-1}'],
  ])('in %s is reported with the names that are known', (template, name, shown) => {
    expect(problemsOf(template)).toStrictEqual([
      {
        code: 'ERR_CONFIG_TEMPLATE',
        at: 'here',
        message: `Unknown source "${name}" in ${shown}. What can be read here: body, header`,
      },
    ])
  })

  test.each(['${body.id | ${input.id}}', '${body.a + input.b}', 'text ${input}', '${(input)}', '${${input} as text}'])(
    'is found anywhere: %s',
    (template) => {
      const problems: Problem[] = []
      compileTemplate(template, { at: 'here', sources, report: (one) => problems.push(one) })
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('Unknown source "input"')])
    },
  )

  test('is thrown when nobody collects problems', () => {
    expect(() => compileTemplate('${input}', { at: 'here', sources })).toThrow(
      expect.objectContaining({ code: 'ERR_TEMPLATE', at: 'here' }),
    )
  })

  test('is null where any name may be read', () => {
    expect(render('${input.x}', {})).toBeNull()
    expect(render('<${input}>', {})).toBe('<>')
  })

  test('is not reported for what is known', () => {
    expect(problemsOf('${body.input} ${header.constructor}')).toStrictEqual([])
  })
})

describe('a header', () => {
  const header = { 'x-signature': 'abc', 'content-type': 'text/plain', 'set-cookie': ['a', 'b'] }

  test.each([
    ['${header.X-Signature}', 'abc'],
    ['${header.x-signature}', 'abc'],
    ['${header["X-SIGNATURE"]}', 'abc'],
    ['${header.Content-Type | "none"}', 'text/plain'],
    ['${header.Set-Cookie[-1]}', 'b'],
    ['${header["X-Signature","Content-Type"]}', ['abc', 'text/plain']],
    ['${header..X-Signature}', ['abc']],
    ['${header.X-Missing}', null],
    ['${header}', header],
  ])('is read in any case: %s', (template, expected) => {
    expect(render(template, { header })).toStrictEqual(expected)
  })

  test('only as a source of that name: elsewhere case counts', () => {
    expect(render('${body.header.X-A}', { body: { header: { 'x-a': 1 } } })).toBeNull()
    expect(render('${headers.X-A}', { headers: { 'X-A': 1 } })).toBe(1)
  })
})

describe('gateway:PORT', () => {
  const gateway = { '8090': { public_url: 'https://a.example', port: 8090 } }

  test.each([
    ['${gateway:8090.public_url}', ['8090', 'public_url'], 'https://a.example'],
    ['${gateway:8090["public_url"]}', ['8090', 'public_url'], 'https://a.example'],
    ['${gateway:8090}', ['8090'], gateway['8090']],
    ['${gateway:8090.port + 1}', ['8090', 'port'], 8091],
    ['${gateway:9999.public_url}', ['9999', 'public_url'], null],
    ['${gateway:web-1.public_url}', ['web-1', 'public_url'], null],
    ['${gateway["8090"].public_url}', ['8090', 'public_url'], 'https://a.example'],
  ])('%s refers to %j', (text, path, expected) => {
    const template = compileTemplate(text, { at: 'template' })
    expect(template.references).toStrictEqual([{ source: 'gateway', path, hasDefault: false, isQuery: false }])
    expect(template.render({ gateway })).toStrictEqual(expected)
  })

  test('is part of an URL', () => {
    expect(render('${gateway:8090.public_url}/done?x=${n}', { gateway, n: 1 })).toBe('https://a.example/done?x=1')
  })

  test('without a gateway is an error, also with a default and inside text', () => {
    const scope = { gateway: createPortContext(new Map()) }
    for (const template of [
      '${gateway:1.public_url}',
      '${gateway:1.public_url | "x"}',
      'at ${gateway:1.public_url}/',
    ]) {
      expect(() => render(template, scope)).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_MISSING' }))
    }
  })

  test('is written in no other source', () => {
    expect(refusal('${body:8090.x}')).toContain('":" was not expected here (column 7')
  })
})

describe('the references of a template', () => {
  test.each([
    ['${env.TOKEN}', 'env', ['TOKEN'], false],
    ['${env.TOKEN | "x"}', 'env', ['TOKEN'], true],
    ['${env.TOKEN as integer | 5}', 'env', ['TOKEN'], true],
    ['${${env.TOKEN} | 5}', 'env', ['TOKEN'], true],
    ['${env.A + 1 | 5}', 'env', ['A'], true],
    ['${jobs.log-request.output.items[0]["any key"]}', 'jobs', ['log-request', 'output', 'items', 0, 'any key'], false],
    ['${body.list[-1]}', 'body', ['list', -1], false],
    ['${body.list[*].id}', 'body', ['list', 'id'], false],
    ['${body}', 'body', [], false],
    ['${header.X-A}', 'header', ['x-a'], false],
  ])('of %s', (text, source, path, hasDefault) => {
    const { references } = compileTemplate(text, { at: 'template' })
    expect(references).toStrictEqual([{ source, path, hasDefault, isQuery: false }])
  })

  test.each([
    ['${a | ${b}}', { a: true, b: false }],
    ['${a | ${b | "x"}}', { a: true, b: true }],
    ['${a | ${b} | ${c}}', { a: true, b: true, c: false }],
    ['${a | ${b} | ${c} | 1}', { a: true, b: true, c: true }],
    ['${a | at ${b}}', { a: true, b: false }],
    ['${a} ${b | 1}', { a: false, b: true }],
  ])('of %s say which of them have a default', (text, expected) => {
    const { references } = compileTemplate(text, { at: 'template' })
    expect(Object.fromEntries(references.map(({ source, hasDefault }) => [source, hasDefault]))).toStrictEqual(expected)
  })

  test.each(['plain', '$${env.A}', '${5}', '${"${env.A}"}', '${1 + 2}'])('are none in %s', (text) => {
    expect(compileTemplate(text, { at: 'template' }).references).toStrictEqual([])
  })
})

describe('a source that throws when it is read', () => {
  const scope = {
    get broken(): unknown {
      throw new Error('cannot be read')
    },
    get gone(): unknown {
      throw new CallbackError('ERR_GATEWAY_NOT_READY', { message: 'not ready' })
    },
    get name(): unknown {
      throw new TypeError('cannot be read')
    },
  }

  test.each([
    ['${broken}', null],
    ['${broken.a.b.c.d}', null],
    ['${broken[*].x}', null],
    ['${broken | "x"}', 'x'],
    ['<${broken.a}>', '<>'],
    ['${name.a}', null],
    ['${broken + 1}', null],
  ])('counts as missing: %s', (template, expected) => {
    expect(render(template, scope)).toBe(expected)
  })

  test.each(['${gone}', '${gone.a | "x"}', '<${gone.a.b.c.d}>', '${gone[*].x}', '${gone..x}', '${1 + gone.n}'])(
    'fails when it throws an error of this package: %s',
    (template) => {
      expect(() => render(template, scope)).toThrow(
        expect.objectContaining({ code: 'ERR_GATEWAY_NOT_READY', message: 'not ready' }),
      )
    },
  )

  test('is not read for a default that is not needed', () => {
    expect(
      render('${a | ${gone}}', {
        a: 1,
        get gone() {
          throw new CallbackError('ERR_GATEWAY_NOT_READY', { message: 'not ready' })
        },
      }),
    ).toBe(1)
  })
})
