import { describe, expect, test } from '@jest/globals'
import { formatTraceParent, parseTraceParent, readTraceContext } from '../../lib/base/values/trace-context'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const PARENT = `00-${TRACE}-${SPAN}-01`

describe('a traceparent', () => {
  test.each([
    [PARENT, { traceId: TRACE, spanId: SPAN, flags: 1 }],
    [` ${PARENT} `, { traceId: TRACE, spanId: SPAN, flags: 1 }],
    [`00-${TRACE}-${SPAN}-00`, { traceId: TRACE, spanId: SPAN, flags: 0 }],
    [`00-${TRACE}-${SPAN}-ff`, { traceId: TRACE, spanId: SPAN, flags: 255 }],
    [`cc-${TRACE}-${SPAN}-01-what-will-be`, { traceId: TRACE, spanId: SPAN, flags: 1 }],
  ])('%s is read', (text, parts) => {
    expect(parseTraceParent(text)).toEqual(parts)
    expect(parseTraceParent(formatTraceParent(parts))).toEqual(parts)
  })

  test.each([
    '',
    '00',
    `00-${TRACE}-${SPAN}`,
    `${PARENT}-more`,
    `${PARENT}x`,
    `cc-${TRACE}-${SPAN}-01x`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `${PARENT}, ${PARENT}`,
    undefined,
    7,
    [PARENT],
  ])('%s is none', (text) => {
    expect(parseTraceParent(text)).toBeUndefined()
  })
})

describe('the trace of a request', () => {
  test.each([
    [{ traceparent: PARENT }, { traceparent: PARENT }],
    [
      { traceparent: PARENT, tracestate: 'a=1,b=2' },
      { traceparent: PARENT, tracestate: 'a=1,b=2' },
    ],
    [{ traceparent: PARENT, tracestate: '' }, { traceparent: PARENT }],
    [{ traceparent: PARENT, tracestate: `a=${'x'.repeat(511)}` }, { traceparent: PARENT }],
    [{ traceparent: PARENT, tracestate: ['a=1'] }, { traceparent: PARENT }],
    [{ traceparent: 'nonsense', tracestate: 'a=1' }, undefined],
    [{ tracestate: 'a=1' }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])('%j', (headers, expected) => {
    expect(readTraceContext(headers)).toEqual(expected)
  })
})
