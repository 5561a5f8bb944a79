import { expect, test } from '@jest/globals'
import { useCli } from './use-cli'

const cli = useCli()

const ECHO = `
workflow:
  id: echo
  jobs:
    - { id: say, component: logger, input: { data: "\${input}" } }
`

test.each([
  ['nothing', [], {}, null],
  ['JSON', ['--input', '{"a":[1,"b"]}'], {}, { a: [1, 'b'] }],
  ['a number', ['--input=-5'], {}, -5],
  ['a file', ['--input', '@in.json'], { files: { 'in.json': '\uFEFF{"from":"file"}' } }, { from: 'file' }],
  ['stdin', ['--input', '-'], { stdin: '{"from":"stdin"}' }, { from: 'stdin' }],
  ['a set', ['--set', 'prompt=a cat'], {}, { prompt: 'a cat' }],
  ['sets as JSON', ['--set', 'n=1', '--set', 'on=true', '--set', 'l=[1]'], {}, { n: 1, on: true, l: [1] }],
  ['a set in quotes', ['--set', 'n="1"'], {}, { n: '1' }],
  ['an empty set', ['--set', 'a='], {}, { a: '' }],
  ['a set with =', ['--set', 'q=a=b'], {}, { q: 'a=b' }],
  ['zeros in front', ['--set', 'zip=0123'], {}, { zip: '0123' }],
  ['more digits than JSON keeps', ['--set', 'id=12345678901234567890'], {}, { id: '12345678901234567890' }],
  ['dots', ['--set', 'size.width=1', '--set', 'size.height=2'], {}, { size: { width: 1, height: 2 } }],
  ['a set over JSON', ['--set', 'a.b=2', '--input', '{"a":{"b":1,"c":3}}'], {}, { a: { b: 2, c: 3 } }],
  ['the last set', ['--set', 'a=1', '--set', 'a=2'], {}, { a: 2 }],
])(
  'run takes for its input %s',
  async (_name, argv, { files = {}, ...options }: object & { files?: object }, input) => {
    const { code, stdout, stderr } = await cli.run(['run', ...argv], {
      files: { 'callbacks.yml': ECHO, ...files },
      ...options,
    })
    expect(stderr).toMatch(/^\S+ info {2}Job say \{"data":[^\n]*\n$/)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(input)
  },
)

test('a set of "__proto__" is a key like any other', async () => {
  const { stdout } = await cli.run(['run', '--set', '__proto__.x=1'], { files: { 'callbacks.yml': ECHO } })
  expect(stdout).toBe('{\n  "__proto__": {\n    "x": 1\n  }\n}\n')
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
})

test.each([
  ['broken JSON', ['--input', '{a'], /^error: The input in --input is no JSON: /],
  ['no stdin', ['--input', '-'], /^error: The input in stdin is no JSON: /],
  ['a missing file', ['--input', '@no.json'], /^error: The input cannot be read from "no.json": ENOENT/],
  ['a set without =', ['--set', 'a'], /^error: --set needs KEY=VALUE, .* found "a"/],
  ['a set without key', ['--set', '=1'], /^error: --set needs KEY=VALUE/],
  ['a set with an empty part', ['--set', 'a..b=1'], /^error: --set needs KEY=VALUE/],
  ['a set in a list', ['--set', 'b=1', '--input', '[1]'], /^error: --set b: "b" cannot be set in a list/],
  ['a set in a text', ['--set', 'a=x', '--set', 'a.b=1'], /^error: --set a.b: "b" cannot be set in a string/],
])('run refuses %s with exit code 2', async (_name, argv, message) => {
  const { code, stdout, stderr } = await cli.run(['run', ...argv], { files: { 'callbacks.yml': ECHO } })
  expect(stderr).toMatch(message)
  expect(stderr).toMatch(/^[^\n]*\n$/)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})
