import { describe, expect, test } from '@jest/globals'
import { parseContent } from '../../lib/body/content'

const TYPE = 'multipart/form-data; boundary=b'
const FORM = [
  '--b\r\nContent-Disposition: form-data; name="id"\r\n\r\na\r\n',
  '--b\r\nContent-Disposition: form-data; name="f"; filename="q.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n',
  '--b--\r\n',
].join('')

async function read(body: string): Promise<unknown> {
  return await parseContent(Buffer.from(body), TYPE)
}

describe('a multipart form', () => {
  test('that breaks off anywhere is refused, and ends no process', async () => {
    for (let length = 1; length < FORM.length - '\r\n'.length; length += 1) {
      await expect(read(FORM.slice(0, length))).rejects.toMatchObject({ code: 'ERR_BODY_MALFORMED' })
    }
    await expect(read(FORM)).resolves.toMatchObject({ id: 'a', f: { filename: 'q.txt' } })
  })

  test('whose file has no name is refused', async () => {
    await expect(read(FORM.replace('name="f"; ', ''))).rejects.toMatchObject({ code: 'ERR_BODY_MALFORMED' })
  })

  test('of more than 1,000 parts is refused', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n'
    await expect(read(`${part.repeat(1000)}--b--\r\n`)).resolves.toEqual({ n: Array.from({ length: 1000 }, () => '1') })
    await expect(read(`${part.repeat(1001)}--b--\r\n`)).rejects.toMatchObject({ code: 'ERR_BODY_MALFORMED' })
  })
})
