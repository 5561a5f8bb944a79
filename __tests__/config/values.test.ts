import { describe, expect, test } from '@jest/globals'
import * as values from '../../lib/config/field/values'

const BAD_FOR_ALL = [null, undefined, {}, [], '', ' ', 'x', Number.NaN, Number.POSITIVE_INFINITY, '${body.x}', true]

describe('a duration', () => {
  test.each([
    [0, 0],
    [1500, 1500],
    [1.5, 1.5],
    ['0', 0],
    ['250', 250],
    ['500ms', 500],
    ['30s', 30_000],
    [' 5m ', 300_000],
    ['2 h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
  ])('%p is %i ms', (value, expected) => {
    expect(values.DURATION.read(value)).toBe(expected)
  })

  test.each([...BAD_FOR_ALL, -1, '-5s', '5 parsecs', '5M', '1e3', '0x10', 's', '1.s', '9'.repeat(400)])(
    'is not %p',
    (value) => {
      expect(values.DURATION.read(value)).toBeUndefined()
    },
  )
})

describe('a size', () => {
  test.each([
    [100, 100],
    ['100', 100],
    ['7b', 7],
    ['512kb', 524_288],
    ['1mb', 1_048_576],
    ['1.5 MB', 1_572_864],
    ['2gb', 2_147_483_648],
  ])('%p is %i bytes', (value, expected) => {
    expect(values.SIZE.read(value)).toBe(expected)
  })

  test.each([...BAD_FOR_ALL, -1, '1tb', '1m', 'mb'])('is not %p', (value) => {
    expect(values.SIZE.read(value)).toBeUndefined()
  })
})

describe('a rate', () => {
  test.each([
    ['100/m', { count: 100, windowMs: 60_000 }],
    ['5/s', { count: 5, windowMs: 1000 }],
    [' 1 / h ', { count: 1, windowMs: 3_600_000 }],
    ['9/d', { count: 9, windowMs: 86_400_000 }],
  ])('%p is %p', (value, expected) => {
    expect(values.RATE.read(value)).toEqual(expected)
  })

  test.each([...BAD_FOR_ALL, 100, '100', '0/m', '-1/m', '100/w', '100/ms', '/m', `${'9'.repeat(30)}/m`])(
    'is not %p',
    (value) => {
      expect(values.RATE.read(value)).toBeUndefined()
    },
  )
})

describe('a port', () => {
  test.each([
    [1, 1],
    [65_535, 65_535],
    ['8090', 8090],
    [' 8090 ', 8090],
  ])('%p is %i', (value, expected) => {
    expect(values.PORT.read(value)).toBe(expected)
  })

  test.each([...BAD_FOR_ALL, 0, 65_536, -1, 1.5, '80a', '0x50', '8090.5'])('is not %p', (value) => {
    expect(values.PORT.read(value)).toBeUndefined()
  })
})

describe('true and false', () => {
  test.each([
    [true, true],
    [false, false],
    ['true', true],
    ['False', false],
  ])('%p is %p', (value, expected) => {
    expect(values.FLAG.read(value)).toBe(expected)
  })

  test.each([1, 0, 'yes', 'on', '', null, undefined, {}])('are not %p', (value) => {
    expect(values.FLAG.read(value)).toBeUndefined()
  })
})

describe('a public URL', () => {
  test.each([
    ['https://Example.com', 'https://example.com'],
    ['https://example.com/', 'https://example.com'],
    ['http://127.0.0.1:8090/hooks//', 'http://127.0.0.1:8090/hooks'],
  ])('%p is %p', (value, expected) => {
    expect(values.PUBLIC_URL.read(value)).toBe(expected)
  })

  test.each(['example.com', 'ftp://x', 'https://', 'https://u:p@x', 'https://x?a=1', 'https://x#a', '${body.url}', 7])(
    'is not %p',
    (value) => {
      expect(values.PUBLIC_URL.read(value)).toBeUndefined()
    },
  )
})

describe('text', () => {
  test.each([
    ['plain', 'plain'],
    ['costs $5 {x}', 'costs $5 {x}'],
    ['literal $${x}', 'literal ${x}'],
  ])('%p is read as %p', (value, expected) => {
    expect(values.TEXT.read(value)).toBe(expected)
    expect(values.ANY_TEXT.read(value)).toBe(expected)
  })

  test.each(['', '  ', '\t\n', '\0', '${body.x}', 5, null])('that means something is not %p', (value) => {
    expect(values.TEXT.read(value)).toBeUndefined()
  })
})

describe('a value to compare with', () => {
  test.each([
    ['done', 'done'],
    ['', ''],
    [200, '200'],
    [true, 'true'],
  ])('%p is compared as %p', (value, expected) => {
    expect(values.SCALAR.read(value)).toBe(expected)
  })
})

describe('words', () => {
  test('are read in their own spelling', () => {
    expect(values.word(['native', 'docker']).read('docker')).toBe('docker')
    expect(values.word(['native', 'docker']).read('Docker')).toBeUndefined()
    expect(values.word(['native', 'docker']).expected).toBe('one of native, docker')
  })

  test('for methods are read in any case', () => {
    expect(values.method(['GET', 'POST']).read(' post ')).toBe('POST')
    expect(values.method(['GET', 'POST']).read('HEAD')).toBeUndefined()
  })
})
