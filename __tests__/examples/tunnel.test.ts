import { afterEach, expect, test } from '@jest/globals'
import { type Running, runExample } from './run-example'

const running: Running[] = []

afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))

test('prints what came through the tunnel, and ends with nothing left', async () => {
  const one = runExample('tunnel', ['index.mjs'])
  running.push(one)
  const { code, stdout, stderr } = await one.ended
  expect({ code, stderr, stdout }).toEqual({
    code: 0,
    stderr: '',
    stdout: [
      'gateway starting by command',
      'gateway ready by command',
      'printed 1 pages, told at /printed',
      'printed 3 pages, told at /printed',
      'gateway closed by command',
    ],
  })
}, 30_000)
