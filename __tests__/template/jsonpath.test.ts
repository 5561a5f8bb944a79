import { describe, expect, test } from '@jest/globals'
import { compileTemplate } from '../../lib/template/compile'
import { refusal, render } from './render'

const body = {
  id: 1,
  list: [10, 20, 30, 40, 50],
  job: { id: 2, 'sub-id': 3, inner: { id: 4 } },
  items: [{ id: 'a', v: [1, 2] }, { v: [3] }, { id: 'c', v: [] }],
  nothing: null,
  'any key': { id: 5 },
  $: 'dollar',
  $ref: '#/job',
  '-1': 'minus one',
}

describe('what only JSONPath can say gives a list', () => {
  test.each([
    ['${body..id}', [1, 2, 4, 'a', 'c', 5]],
    ['${body.job..id}', [2, 4]],
    ['${body..inner.id}', [4]],
    ['${body..["id"]}', [1, 2, 4, 'a', 'c', 5]],
    ['${body..sub-id}', [3]],
    ['${body..$ref}', ['#/job']],
    ['${body..v[0]}', [1, 3]],
    ['${body..v[-1]}', [2, 3]],
    ['${body..v[-2]}', [1]],
    ['${body..v[*]}', [1, 2, 3]],
    ['${body..v[:1]}', [1, 3]],
    ['${body..v[1:]}', [2]],
    ['${body..v[:0]}', []],
    ['${body..v[-3:-1]}', [1]],
    ['${body.job..*}', [2, 3, { id: 4 }, 4]],
    ['${body.job..[*]}', [2, 3, { id: 4 }, 4]],
    ['${body.items..[0].id}', ['a']],
    ['${body.items[*]..id}', ['a', 'c']],
    ['${body.items[1:]..id}', ['c']],
    ['${body["any key"]..id}', [5]],
    ['${body.items[-1]..id}', ['c']],
  ])('%s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })

  test.each([
    ['${body.list[0,2]}', [10, 30]],
    ['${body.list[ 2 , 0 ]}', [30, 10]],
    ['${body.list[0,-1]}', [10, 50]],
    ['${body.list[-2,-5]}', [40, 10]],
    ['${body.list[1,9]}', [20]],
    ["${body['id','$ref']}", [1, '#/job']],
    ['${body["id","-1"]}', [1, 'minus one']],
    ['${body.items[*]["id","v"]}', ['a', [1, 2], [3], 'c', []]],
    ['${body["job","any-other"].id}', [2]],
    ['${body["any key"]["id","x"]}', [5]],
  ])('a list of keys: %s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })

  test.each([
    ['${body.list[::2]}', [10, 30, 50]],
    ['${body.list[1:4:2]}', [20, 40]],
    ['${body.list[-3::2]}', [30, 50]],
    ['${body.list[::9]}', [10]],
    ['${body.list[0:0:2]}', []],
    ['${body.items[::2].id}', ['a', 'c']],
  ])('a slice with a step: %s', (template, expected) => {
    expect(render(template, { body })).toStrictEqual(expected)
  })
})

describe('a query without a hit', () => {
  test.each([
    '${body..missing}',
    '${body..missing[0,1].x}',
    '${body.id..x}',
    '${body.nothing..x}',
    '${body.missing.deeper..x}',
    '${nobody..x}',
    '${body.missing["a","b"]}',
    '${body.id[::2]}',
  ])('is an empty list: %s', (template) => {
    expect(render(template, { body })).toStrictEqual([])
  })
})

describe('a query reaches only what the value has itself', () => {
  test.each([
    '${body..constructor}',
    '${body..__proto__}',
    '${body..toString}',
    '${body["constructor","__proto__"]}',
    '${body..["hasOwnProperty","prototype"]}',
  ])('%s', (template) => {
    expect(render(template, { body })).toStrictEqual([])
  })
})

describe('a query never runs code', () => {
  test.each([
    ['${body..[?(@.id)]}', 'column 10'],
    ['${body.list[?(@>1)]}', 'column 13'],
    ['${body.list[ ?(@>1) ]}', 'column 14'],
    ['${body.list[(@.length-1)]}', 'column 13'],
    ['${body[*][?(constructor.constructor("return process")())]}', 'column 11'],
  ])('%s is refused', (template, column) => {
    const message = refusal(template, { body })
    expect(message).toContain('filters and scripts, "?(…)" and "(…)", are not allowed in a path')
    expect(message).toContain(`(${column} of `)
  })

  test.each([
    ['${body..["a,b"]}', '"a,b"', 'column 9'],
    ['${body..id["a]b"]}', '"a]b"', 'column 11'],
    ['${body["id","^"]}', '"^"', 'column 7'],
    ['${body["~","id"]}', '"~"', 'column 7'],
    ['${body..["@string()"]}', '"@string()"', 'column 9'],
    ['${body..["?(@.id)"]}', '"?(@.id)"', 'column 9'],
    ['${body..["1:2"]}', '"1:2"', 'column 9'],
    ['${body..["`id"]}', '"`id"', 'column 9'],
    ['${body..[""]}', '""', 'column 9'],
    ['${body..$}', '"$"', 'column 9'],
    ['${body.job..["$"]}', '"$"', 'column 13'],
  ])('the key in %s, which JSONPath would not take for a key, is refused', (template, key, column) => {
    const message = refusal(template, { body })
    const shown = key.replaceAll('\\', '\\\\')
    expect(message).toContain(`the key ${shown} cannot stand behind ".." or in a list of keys`)
    expect(message).toContain(`(${column} of `)
  })
})

describe('the references of a query', () => {
  test.each([
    ['${jobs.send..id}', 'jobs', ['send']],
    ['${jobs.send.output[0]["x","y"]}', 'jobs', ['send', 'output', 0]],
    ['${jobs[*]..id}', 'jobs', []],
    ['${body..id}', 'body', []],
    ['${gateway:8090..public_url}', 'gateway', ['8090']],
  ])('of %s begin with the plain steps', (template, source, path) => {
    const { references } = compileTemplate(template, { at: 'template' })
    expect(references).toStrictEqual([{ source, path, hasDefault: false, isQuery: true }])
  })
})
