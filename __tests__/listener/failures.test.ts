import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { compileYaml } from '../config/problems'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const listener = { path: '/done', identify_by: '${body.id}', status: '${body.status}', fail_when: 'bad' }
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('the message of a failed wait quotes what "error" reads', () => {
  test.each<[string, object, string]>([
    ['${body.error.message}', { error: { message: 'out of memory' } }, ': out of memory'],
    ['${body.error}', { error: { code: 7 } }, ': {"code":7}'],
    ['${body.code}', { code: 7 }, ': 7'],
    ['${body.reason} (${body.code})', { reason: 'no paint', code: 7 }, ': no paint (7)'],
    ['${body.error.message}', {}, ''],
    ['${body.error.message}', { error: { message: '' } }, ''],
    ['${body.error.message | "no reason"}', {}, ': no reason'],
    ['${body.n * 2}', { n: 'x' }, ''],
    ['${body.text}', { text: 'one\r\ntwo\n\u0000three\u2028four' }, ': one two three four'],
    ['${body.text}', { text: '\u202eevil\u001b[31m' }, ': \\u202eevil [31m'],
    ['${body.text}', { text: 'x'.repeat(300) }, `: ${'x'.repeat(200)}…`],
    ['${body.text}', { text: 'the key is its-own-secret!' }, ': the key is [redacted]!'],
    ['${body.text}', { text: `${'y'.repeat(190)}its-own-secret` }, `: ${'y'.repeat(190)}[redacted]…`],
    ['${body.text}', { text: `tkt-${'a'.repeat(28)} is gone` }, ': tkt-aaaa… is gone'],
  ])('%s of %j', async (error, body, reason) => {
    const { hooks, post } = await hosts.open(
      { listener: { ...listener, error } },
      { env: { API_SECRET: 'its-own-secret' } },
    )
    const wait = hooks.wait('a')
    expect((await post('/done').send({ id: 'a', status: 'bad', ...body })).status).toBe(200)
    await expect(wait).rejects.toMatchObject({
      code: 'ERR_CALLBACK_FAILED',
      message: `POST /done received the status "bad" for "a"${reason}`,
      status: 'bad',
    })
    await expect(wait).rejects.toHaveProperty('body.status', 'bad')
  })

  test('of its own item in a bulk callback', async () => {
    const { hooks, post } = await hosts.open({
      listener: {
        path: '/done',
        bulk: true,
        identify_by: '${item.id}',
        status: '${item.status}',
        fail_when: 'bad',
        error: '${item.why}',
      },
    })
    const waits = ['a', 'b'].map((id) => hooks.wait(id))
    await post('/done').send([
      { id: 'a', status: 'bad', why: 'no ink' },
      { id: 'b', status: 'bad', why: 'no paper' },
    ])
    await expect(waits[0]).rejects.toMatchObject({ reason: 'no ink', message: expect.stringMatching(/"a": no ink$/) })
    await expect(waits[1]).rejects.toMatchObject({ reason: 'no paper' })
  })

  test('also when the callback came first, and when "result" fails on it', async () => {
    const { hooks, post } = await hosts.open({
      listener: { ...listener, result: '${body.n * 2}', error: '${body.why}' },
    })
    await post('/done').send({ id: 'a', status: 'bad', why: 'no ink', n: 'x' })
    await expect(hooks.wait('a')).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', reason: 'no ink' })
  })

  test('also from a store', async () => {
    const path = mkdtempSync(join(tmpdir(), 'failures-'))
    folders.push(path)
    const { hooks, post } = await hosts.open({
      store: { type: 'file', path },
      listener: { ...listener, error: '${body.why}' },
    })
    await hooks.open()
    await post('/done').send({ id: 'a', status: 'bad', why: 'no ink' })
    await expect(hooks.wait('a')).rejects.toMatchObject({
      reason: 'no ink',
      message: expect.stringMatching(/: no ink$/),
    })
  })
})

describe('lists without "status" are warned of, and every callback is a success', () => {
  test.each([
    ['success_when: [done]', ['listener.success_when']],
    ['fail_when: bad', ['listener.fail_when']],
    ['success_when: done, fail_when: [bad, 7]', ['listener.success_when', 'listener.fail_when']],
    ['callbacks: [{ path: /x, fail_when: bad }]', ['listener.callbacks[0].fail_when']],
  ])('%s', (fields, places) => {
    const path = fields.startsWith('callbacks') ? '' : 'path: /x, '
    const { warnings } = compileYaml(`listener: { ${path}${fields} }`)
    expect(warnings.map(({ at }) => at)).toEqual(places)
    for (const { message } of warnings)
      expect(message).toMatch(
        /^never read without "status", so every callback is a success; say where the status stands/,
      )
  })

  test.each<[object, unknown]>([
    [{ success_when: ['done'] }, { id: 'a', status: 'bad' }],
    [{ fail_when: 'bad' }, { id: 'a', status: 'bad' }],
    [{ success_when: 'done', fail_when: 'bad' }, { id: 'a' }],
  ])('%j with %j', async (lists, body) => {
    const { hooks, post, log } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}', ...lists } })
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(Object.keys(lists).length)
    const wait = hooks.wait('a')
    await post('/done').send(Object(body))
    await expect(wait).resolves.toEqual(body)
  })

  test.each(['error: x', 'error: "${body.e}"', 'status: "${body.s}", success_when: ok, error: "${body.e}"'])(
    'so is %s, where no callback can fail',
    (fields) => {
      const { warnings } = compileYaml(`listener: { path: /x, ${fields} }`)
      expect(warnings.map(({ at, message }) => `${at} ${message}`)).toContain(
        'listener.error never read without "status" and "fail_when", since no callback fails then',
      )
    },
  )

  test('a value that means two things is refused all the same', () => {
    expect(() => compileYaml('listener: { path: /x, success_when: a, fail_when: a }')).toThrow(
      /stands in success_when too/,
    )
  })
})
