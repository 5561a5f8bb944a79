import { describe, expect, test } from '@jest/globals'
import { refusal } from './render'

const SECRET = 'hunter2'
const scope = { env: { TOKEN: SECRET, other: { deep: SECRET } }, body: { word: 'abc', 'env.x': 'shown' }, list: [] }

describe('what stands in the environment is never quoted', () => {
  test.each([
    '${env.TOKEN as integer}',
    '${env["TOKEN"] as integer}',
    "${env['TOKEN'] as boolean}",
    '${env as integer}',
    '${env[*] as integer}',
    '${env..TOKEN as number}',
    '${env["TOKEN","x"] as object}',
    '${env.TOKEN as integer[]}',
    '${env.TOKEN as object}',
    '${env.other as list}',
    '${ env.TOKEN as integer }',
    '${${env["TOKEN"]} as integer}',
    '${body.missing as integer | ${env["TOKEN"]}}',
    '${body.missing as integer | ${body.none | ${env["TOKEN"]}}}',
    '${body.missing as integer | x-${env["TOKEN"]}}',
    '${env["TOKEN"] + 1}',
    '${1 + env["TOKEN"]}',
    '${(env["TOKEN"]) * 2}',
    '${${env["TOKEN"]} + 1}',
    '${${body.missing | ${env["TOKEN"]}} + 1}',
    'text ${env["TOKEN"] as integer} text',
  ])('when %s fails', (template) => {
    const message = refusal(template, scope)
    expect(message).toContain('a value that is not shown')
    expect(message).not.toContain(SECRET)
  })

  test.each([
    ['${body.word as integer}', '"abc"'],
    ['${body["env.x"] as integer}', '"shown"'],
    ['${body.word + 1}', '"abc"'],
  ])('but other values are: %s', (template, shown) => {
    expect(refusal(template, scope)).toContain(shown)
  })
})
