import { expect } from '@jest/globals'

/** Compares as JSON does, so that own keys such as `__proto__` count; a database may not keep the order of keys. */
export function expectSame(actual: unknown, expected: unknown): void {
  expect(JSON.stringify(sorted(actual))).toBe(JSON.stringify(sorted(expected)))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const keys = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { keys: keys.map(([key, child]) => [key, sorted(child)]) }
}

/** Values of every kind that JSON can say. */
export function jsonValues(): Record<string, unknown> {
  return {
    null: null,
    false: false,
    zero: 0,
    'a large number': 1.7976931348623157e308,
    'a small number': -5e-324,
    'the largest integer': Number.MAX_SAFE_INTEGER,
    'an empty text': '',
    'a text with NUL': 'a\0b',
    'every control character': String.fromCharCode(...Array(160).keys()),
    'lone surrogates': '\ud800 \udfff x\udc00\ud800',
    'unicode of every width': 'aé€😀\u2028\u2029\ufeff\uffff',
    'text that looks escaped': '\\u0000 \\n "quoted" \\',
    'one megabyte': 'ä😀x'.repeat(250_000),
    'an empty list': [],
    'an empty object': {},
    'deep nesting': JSON.parse('[{"a":'.repeat(200) + '1' + '}]'.repeat(200)),
    'keys of objects': JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":null}'),
    'strange keys': { '': 1, '\0': 2, '\ud800': 3, '1': 4, 'a.b': 5, $ne: 6 },
    'many types': { list: [1, 'two', null, [true], { three: 3 }], object: { nested: { twice: [] } } },
  }
}
