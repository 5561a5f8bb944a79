import { afterEach, expect, test } from '@jest/globals'
import { type Running, runExample } from './run-example'

let running: Running | undefined

afterEach(() => running?.stop())

test('types what fits, names what does not, and refuses prices until a good one comes', async () => {
  running = runExample('typed-result', ['index.mjs'])
  const { code, stdout, stderr } = await running.ended
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('POST /prices refused a callback (ERR_RESULT_SCHEMA)'),
  })
  expect(stdout).toEqual([
    'picture-1 was made in 2026',
    'picture-2 is ERR_RESULT_SCHEMA: url, made',
    'price-1 is 12 cents',
    'answered picture-1 {"url":"https://example.com/1.png","made":"2026-11-30T12:00:00Z"}: 200',
    'answered picture-2 {"url":"soon","made":"today"}: 200',
    'answered price-1 {"cents":"12"}: 422',
    'answered price-1 {}: 422',
    'answered price-1 {"cents":12}: 200',
  ])
}, 30_000)
