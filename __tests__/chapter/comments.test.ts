import { expect, test } from '@jest/globals'
import { callbacks, parseConfig } from '../../lib'
import { blocks, describeChapter, ENV } from './editions'

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Puts a comment that no template could be behind every line. */
function withComments(yaml: string): string {
  return yaml.replaceAll('\n', ' # ${env.NOWHERE} ${header.X-Signature} ${ | }\n')
}

describeChapter('comments of the chapter', () => {
  test.each(blocks.map((text, index) => [index + 1, text] as const))(
    'are never read as templates in block %i',
    (_, text) => {
      const commented = parseConfig(withComments(text), { env: ENV })
      const plain = parseConfig(text, { env: ENV })
      expect(commented.documents.map(({ data }) => data)).toEqual(plain.documents.map(({ data }) => data))
      const [one, other] = [commented, plain].map((source) => callbacks(source, { logger: SILENT }).stats().endpoints)
      expect(one).toEqual(other)
    },
  )
})

test('a comment may hold anything that would be an error elsewhere', () => {
  const yaml = 'listener:\n  path: /hook\n  identify_by: ${body.id}\n'
  expect(() => callbacks(parseConfig(yaml.replace('body.id', 'env.NOWHERE'), { env: {} }))).toThrow('NOWHERE')
  expect(Object.keys(callbacks(parseConfig(withComments(yaml))).stats().endpoints)).toEqual(['POST /hook'])
})
