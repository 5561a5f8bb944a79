import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { fromKept, toKept } from '../../lib/store/durable/codec'
import { CallbackError, type ErrorCode, type ErrorDetails } from '../../lib/base/errors'
import { giveType, typeOf } from '../../lib/base/values/typed-bytes'

/** What a ledger does with it. */
function keep(value: unknown): unknown {
  return fromKept(JSON.parse(JSON.stringify(toKept(value))))
}

const NAMES = fc.oneof(
  fc.string(),
  fc.constantFrom('$kept', '__proto__', 'constructor', 'mapping', 'base64', 'digits', 'length'),
)
const BYTES = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, '', 'bytes', 'error'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.constantFrom(2n ** 53n, -(2n ** 64n), Infinity, -Infinity),
    fc.string({ unit: 'binary' }),
    BYTES,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(NAMES, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

describe('what is kept', () => {
  test('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(values, (value) => expect(keep(value)).toEqual(value)),
      { numRuns: 1000 },
    )
  })

  test('has keys of its own alone', () => {
    const value: unknown = JSON.parse('{"__proto__": {"isAdmin": true}}')
    const kept = keep(value)
    expect(Object.keys(Object(kept))).toEqual(['__proto__'])
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype)
  })

  test.each([
    ['undefined in a mapping', { a: undefined, b: 1 }, { b: 1 }],
    ['a function in a mapping', { a: () => 1, b: 1 }, { b: 1 }],
    ['undefined in a list', [undefined, 1], [null, 1]],
    ['a bigint', { a: 12n }, { a: '12' }],
    ['a date', { a: new Date(0) }, { a: '1970-01-01T00:00:00.000Z' }],
    ['bytes of another kind', new Uint8Array([1, 2]), Buffer.from([1, 2])],
  ])('says %s as JSON does', (_, value, expected) => {
    expect(keep(value)).toEqual(expected)
  })
})

test.each(['image/png', 'text/csv; charset=utf-8', undefined])('bytes keep their content type %s', (type) => {
  const bytes = keep({ list: [giveType(Buffer.from('x'), type)] })
  expect(bytes).toEqual({ list: [Buffer.from('x')] })
  expect(typeOf(Object(bytes).list[0])).toBe(type)
})

describe('an error that is kept keeps the immediate answer', () => {
  const response = { status: 202, headers: { 'x-job': 'job-7' }, body: { id: 7, image: Buffer.from('x') } }

  test.each<[string, ErrorCode, Partial<ErrorDetails>, unknown]>([
    ['of a wait in vain', 'ERR_WAIT_TIMEOUT', {}, undefined],
    [
      'beside a callback',
      'ERR_CALLBACK_FAILED',
      { callback: { status: 'bad', result: null, body: 'why', id: '7', endpoint: 'POST /done' } },
      'why',
    ],
    ['beside another answer', 'ERR_HTTP_STATUS', { answer: { status: 403, body: 'no' } }, 'no'],
    ['that is the failure', 'ERR_HTTP_STATUS', { answer: { status: 202, body: response.body } }, response.body],
  ])('%s', (_, code, details, body) => {
    const error = keep(new CallbackError(code, { message: 'm', response, ...details }))
    expect(error).toMatchObject({ code, ...(body !== undefined && { body }) })
    expect(Object(error).response).toEqual(response)
    expect(Object.keys(Object(error))).not.toContain('response')
  })

  test('with a body that equals the one of the callback', () => {
    const callback = { status: 'bad', result: null, body: 'same', id: '7', endpoint: 'POST /done' }
    const answer = { ...response, body: 'same' }
    const error = keep(new CallbackError('ERR_CALLBACK_FAILED', { message: 'm', callback, response: answer }))
    expect(Object(error).response).toEqual(answer)
  })
})

describe('an error that is kept', () => {
  test('keeps its message and cause', () => {
    const error = keep(new Error('broken', { cause: new Error('why') }))
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ message: 'broken', cause: { message: 'why' } })
  })

  test.each([
    ['nothing', {}],
    ['its place', { at: 'workflow.jobs[0]' }],
    ['the answer of a service', { answer: { status: 500, body: { why: Buffer.from('x') } } }],
    [
      'a failed callback',
      { callback: { status: 'bad', result: { a: 1 }, body: { $kept: 'bytes' }, id: 'a', endpoint: 'POST /done' } },
    ],
    ['a callback that failed by hand', { cause: new Error('no'), callback: FAILED() }],
  ])('keeps %s', (_, details) => {
    const error = new CallbackError('ERR_CALLBACK_FAILED', { message: 'It failed', ...details })
    const kept = keep(error)
    expect(kept).toBeInstanceOf(CallbackError)
    expect(JSON.parse(JSON.stringify(kept))).toEqual(JSON.parse(JSON.stringify(error)))
    expect(kept).toMatchObject({ code: 'ERR_CALLBACK_FAILED', message: 'It failed' })
    expect(Reflect.get(Object(kept), 'cause')).toEqual(error.cause)
  })

  test('keeps a reason that is no error', () => {
    expect(keep(new CallbackError('ERR_CALLBACK_FAILED', { message: 'no', cause: 'why' }))).toMatchObject({
      cause: 'why',
    })
  })
})

function FAILED() {
  return { status: undefined, result: undefined, body: undefined, id: 'a', endpoint: 'POST /done' }
}
