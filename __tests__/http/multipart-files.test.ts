import { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { parseMultipart } from '../../lib/body/multipart'
import { giveType } from '../../lib/base/values/typed-bytes'
import { type ServiceRequest, useServices } from '../helpers/fake-service'
import { createClient, errorOf } from './requests'
import { drawing, useFlows } from '../workflow/use-flows'
import { useJournal } from '../workflow/use-journal'

const services = useServices()
const flows = useFlows()
const journal = useJournal()

const FORM = { 'content-type': 'multipart/form-data' }
const JPEG = Buffer.from([0xff, 0xd8, 0x00, 0x0d, 0x0a, 0x2d, 0x2d])

/** A part as another library reads it back. */
interface Part {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly content: Buffer
}

function readBack({ headers, raw }: ServiceRequest): Promise<readonly Part[]> {
  const parts: Part[] = []
  return new Promise((resolve, reject) => {
    const form = new Busboy({ headers: { 'content-type': headers['content-type'] ?? '' } })
    form.on('field', (name, value) => void parts.push({ name, content: Buffer.from(value) }))
    form.on('file', (name, stream, filename, _encoding, type) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => parts.push({ name, filename, type, content: Buffer.concat(chunks) }))
    })
    form.on('finish', () => resolve(parts))
    form.on('error', reject)
    form.end(raw)
  })
}

async function sent(fields: object): Promise<readonly Part[]> {
  const service = await services.open(() => ({}))
  await createClient().send({ endpoint: service.origin, headers: FORM, body: '${input}' }, fields)
  return readBack(await service.received())
}

describe('{filename, type, content} in a form is a file', () => {
  test.each<[string, unknown, Omit<Part, 'name'>]>([
    [
      'of text, as the uploads of openai',
      { filename: 'batch.jsonl', type: 'application/jsonl', content: '{"a":1}\n{"a":2}\n' },
      { filename: 'batch.jsonl', type: 'application/jsonl', content: Buffer.from('{"a":1}\n{"a":2}\n') },
    ],
    [
      'of bytes',
      { filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
      { filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
    ],
    [
      'of bytes that know their type',
      { filename: 'cat.jpg', content: giveType(Buffer.from(JPEG), 'image/jpeg') },
      { filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
    ],
    [
      'of a type of its own, whatever its bytes came with',
      { filename: 'cat', type: 'image/webp', content: giveType(Buffer.from(JPEG), 'image/jpeg') },
      { filename: 'cat', type: 'image/webp', content: JPEG },
    ],
    [
      'without a type',
      { filename: 'x', content: 'y' },
      { filename: 'x', type: 'application/octet-stream', content: Buffer.from('y') },
    ],
    [
      'without a name',
      { filename: null, type: 'text/csv', content: 'a,b' },
      { filename: 'file', type: 'text/csv', content: Buffer.from('a,b') },
    ],
    [
      'of nothing',
      { filename: 'empty.txt', type: 'text/plain', content: '' },
      { filename: 'empty.txt', type: 'text/plain', content: Buffer.alloc(0) },
    ],
    [
      'of a mapping, as JSON',
      { filename: 'a.json', type: 'application/json', content: { a: [1] } },
      { filename: 'a.json', type: 'application/json', content: Buffer.from('{"a":[1]}') },
    ],
    [
      'as a listener received it',
      { filename: 'cat.jpg', type: 'image/jpeg', size: JPEG.length, content: JPEG.toString('base64') },
      { filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
    ],
    [
      'of text that is base64 by chance',
      { filename: 'a.txt', type: 'text/plain', content: 'YWJj' },
      { filename: 'a.txt', type: 'text/plain', content: Buffer.from('YWJj') },
    ],
    [
      'of a name beyond ASCII',
      { filename: 'größe "1".txt', type: 'text/plain', content: 'ä' },
      { filename: 'größe %221%22.txt', type: 'text/plain', content: Buffer.from('ä') },
    ],
    ['as bytes alone', JPEG, { filename: 'file', type: 'application/octet-stream', content: JPEG }],
    [
      'as bytes alone, with their type',
      giveType(Buffer.from(JPEG), 'image/jpeg'),
      { filename: 'file', type: 'image/jpeg', content: JPEG },
    ],
    [
      'as a stream',
      Readable.from(['one ', Buffer.from('two')]),
      { filename: 'file', type: 'application/octet-stream', content: Buffer.from('one two') },
    ],
    [
      'as a stream of the web',
      new Blob(['one two']).stream(),
      { filename: 'file', type: 'application/octet-stream', content: Buffer.from('one two') },
    ],
    [
      'of a stream',
      { filename: 'a.txt', type: 'text/plain', content: Readable.from([Buffer.from('streamed')]) },
      { filename: 'a.txt', type: 'text/plain', content: Buffer.from('streamed') },
    ],
    [
      'as a File',
      new File([JPEG], 'cat.jpg', { type: 'image/jpeg' }),
      { filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
    ],
    [
      'of a File under another name',
      { filename: 'dog.jpg', content: new File([JPEG], 'cat.jpg', { type: 'image/jpeg' }) },
      { filename: 'dog.jpg', type: 'image/jpeg', content: JPEG },
    ],
    [
      'of an ArrayBuffer',
      { filename: 'a.bin', content: new Uint8Array(JPEG).buffer },
      { filename: 'a.bin', type: 'application/octet-stream', content: JPEG },
    ],
    [
      'that is a view of a part of one',
      new DataView(new Uint8Array(JPEG).buffer, 1, 3),
      { filename: 'file', type: 'application/octet-stream', content: JPEG.subarray(1, 4) },
    ],
  ])('%s', async (_, file, expected) => {
    const parts = await sent({ model: 'm-1', file })
    expect(parts).toEqual([
      { name: 'model', content: Buffer.from('m-1') },
      { name: 'file', ...expected },
    ])
  })

  test('several under one name', async () => {
    const files = ['a', 'b'].map((name) => ({ filename: `${name}.txt`, type: 'text/plain', content: name }))
    const parts = await sent({ 'files[]': files })
    expect(parts.map(({ name, filename }) => `${name} ${filename}`)).toEqual(['files[] a.txt', 'files[] b.txt'])
  })

  test.each([
    { filename: 'a', content: 'b', more: 1 },
    { filename: 'a' },
    { content: 'b' },
    { type: 'a', content: 'b' },
  ])('any other mapping is JSON text: %p', async (field) => {
    expect(await sent({ field })).toEqual([{ name: 'field', content: Buffer.from(JSON.stringify(field)) }])
  })

  test.each([null, undefined])('a file without content is refused: %p', async (content) => {
    const { send } = createClient()
    const body = { file: { filename: 'a.txt', content } }
    const error = await errorOf(
      send({ endpoint: 'http://service.test', headers: FORM, body: '${input}' }, body),
      'ERR_TEMPLATE',
    )
    expect(error.message).toBe('The file in the field "file" has no content; give it text or bytes')
  })

  test('from a template, with values', async () => {
    const { hooks, service } = await flows.open(
      drawing({
        headers: FORM,
        body: { purpose: 'batch', file: { filename: '${input.name}.csv', type: 'text/csv', content: '${input.rows}' } },
      }),
      () => ({ body: 'ok' }),
    )
    await hooks.run({ name: 'list', rows: 'a,b\n1,2' })
    expect(await readBack(await service.received())).toEqual([
      { name: 'purpose', content: Buffer.from('batch') },
      { name: 'file', filename: 'list.csv', type: 'text/csv', content: Buffer.from('a,b\n1,2') },
    ])
  })
})

describe('what a listener received goes out as it came', () => {
  test.each([
    ['an image', 'cat.jpg', 'image/jpeg', JPEG],
    ['text', 'a.txt', 'text/plain', Buffer.from('hello')],
    ['nothing', 'empty', 'text/plain', Buffer.alloc(0)],
  ])('%s', async (_, filename, type, content) => {
    const form = new FormData()
    form.append('file', new Blob([content], { type }), filename)
    const request = new Response(form)
    const received = await parseMultipart(
      Buffer.from(await request.arrayBuffer()),
      request.headers.get('content-type') ?? '',
    )
    expect(await sent(received)).toEqual([{ name: 'file', filename, type, content }])
  })

  test('through a callback that starts a workflow', async () => {
    const config: CallbacksConfig = {
      listener: { path: '/upload', identify_by: '${body.id}' },
      component: { base_url: '${env.API}', path: '/store', headers: FORM, body: { file: '${input.file}' } },
      workflow: { jobs: [{ id: 'store' }] },
    }
    const { post, service, told } = await flows.open(config, () => ({ body: 'ok' }))
    await post('/upload').field('id', '7').attach('file', JPEG, { filename: 'cat.jpg', contentType: 'image/jpeg' })
    expect(await readBack(await service.received())).toEqual([
      { name: 'file', filename: 'cat.jpg', type: 'image/jpeg', content: JPEG },
    ])
    await told('store', 'succeeded')
  })
})

describe('a stream', () => {
  test.each<[string, () => unknown]>([
    ['in the input', () => ({ file: Readable.from(['a']) })],
    ['that is the input', () => Readable.from(['a'])],
    ['of the web', () => [new Blob(['a']).stream()]],
    ['that is a file', () => ({ a: { file: new File(['a'], 'a.txt') } })],
    ['that is no stream, but memory', () => ({ file: new ArrayBuffer(2) })],
  ])('%s is refused where a store outlives the process', async (_, input) => {
    const { hooks, sent: requests } = await journal.begin(drawing({ base_url: 'http://service.test' }), () => ({}))
    await expect(hooks.run(input())).rejects.toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      at: 'input',
      message: expect.stringContaining('holds a stream or a blob'),
    })
    expect(requests).toEqual([])
  })

  test.each<[string, Record<string, string>]>([
    ['as a body', {}],
    ['in a form', FORM],
  ])('%s is sent again by the next attempt', async (_, headers) => {
    const body = headers === FORM ? { file: '${input.file}' } : '${input.file}'
    const { hooks, service, told, clock } = await flows.open(
      drawing({ headers, body }, { retry: { delay: 100 } }),
      (__, flow) => (flow.service.requests.length === 1 ? { status: 503 } : { body: 'ok' }),
    )
    const output = hooks.run({ file: Readable.from([Buffer.from('streamed')]) })
    await told('draw', 'retrying')
    clock.advance(100)
    await expect(output).resolves.toBe('ok')
    expect(service.requests.map(({ raw }) => raw.includes('streamed'))).toEqual([true, true])
  })

  test.each([307, 308])('is sent again after a redirect %i', async (status) => {
    const service = await services.open(({ path }) =>
      path === '/a' ? { status, headers: { location: '/b' } } : { body: 'ok' },
    )
    const body = { file: Readable.from(['streamed']) }
    await createClient().send({ endpoint: `${service.origin}/a`, headers: FORM, body: '${input}' }, body)
    expect(await readBack(await service.received(2))).toMatchObject([{ content: Buffer.from('streamed') }])
  })

  test('with a secret in it is not sent to another origin', async () => {
    const other = await services.open(() => ({ body: 'ok' }))
    const service = await services.open(() => ({ status: 307, headers: { location: `${other.origin}/x` } }))
    const error = await errorOf(
      createClient().send(
        { endpoint: service.origin, headers: { ...FORM, 'x-api-key': 'canary-0123456789' }, body: '${input}' },
        { file: Readable.from(['it holds canary-', '0123456789']) },
      ),
      'ERR_HTTP_STATUS',
    )
    expect(error.status).toBe(307)
    expect(other.requests.length).toBe(0)
  })

  test.each<[string, () => Readable, string]>([
    [
      'that breaks',
      () =>
        Readable.from(
          (function* broken() {
            yield 'a'
            throw new Error('disk gone')
          })(),
        ),
      'A stream in the body cannot be read: disk gone',
    ],
    ['of objects', () => Readable.from([{ a: 1 }]), 'A stream in the body gave a object, not text or bytes'],
    [
      'of more than 64 MiB',
      () => Readable.from(Array.from({ length: 65 }, () => Buffer.alloc(1024 ** 2))),
      'A stream in the body is longer than 64 MiB',
    ],
  ])('%s is refused before anything is sent', async (_, stream, message) => {
    const service = await services.open(() => ({}))
    const { send, clock } = createClient()
    const error = await errorOf(send({ endpoint: service.origin, body: '${input}' }, stream()), 'ERR_TEMPLATE')
    expect(error.message).toBe(message)
    expect([service.connections, clock.timers]).toEqual([0, 0])
  })
})
