import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { CallbackError, codeOf, hasCode, reasonOf } from '../../lib/base/errors'

describe('the reason of what was thrown', () => {
  test.each([
    [new Error('an error'), 'an error'],
    [new CallbackError('ERR_ID', { message: 'ours' }), 'ours'],
    [runInNewContext('new TypeError("of another realm")'), 'of another realm'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [7, '7'],
  ])('%p: %s', (thrown, reason) => expect(reasonOf(thrown)).toBe(reason))
})

test.each([
  [Object.assign(new Error('no'), { code: 'ENOENT' }), 'ENOENT'],
  [{ code: 'EPERM' }, 'EPERM'],
  [{ code: 7 }, undefined],
  [new Error('no'), undefined],
  [null, undefined],
  ['ENOENT', undefined],
])('the code of %p: %s', (thrown, code) => expect(codeOf(thrown)).toBe(code))

test.each([
  [new CallbackError('ERR_CLOSED', { message: 'closed' }), true],
  [new CallbackError('ERR_ID', { message: 'no id' }), false],
  [Object.assign(new Error('no'), { code: 'ERR_CLOSED' }), false],
  [undefined, false],
])('%p is an ERR_CLOSED of this package: %s', (error, isClosed) => expect(hasCode(error, 'ERR_CLOSED')).toBe(isClosed))
