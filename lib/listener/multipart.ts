import type { BusboyConfig } from '@fastify/busboy'

const MAX_PARTS = 1000
/** No limit on sizes: the whole body is in memory already, and `body_limit` has been kept. */
const LIMITS: BusboyConfig['limits'] = {
  parts: MAX_PARTS,
  fieldNameSize: Number.POSITIVE_INFINITY,
  fieldSize: Number.POSITIVE_INFINITY,
  fileSize: Number.POSITIVE_INFINITY,
}

/**
 * Reads a multipart form (RFC 7578): fields as texts, files as `{filename, type, size, content}` with the content in
 * base64. A name that comes several times holds a list. Rejects with a plain error for what is no such form, or holds nothing.
 */
export async function parseMultipart(bytes: Buffer, contentType: string): Promise<Readonly<Record<string, unknown>>> {
  const fields = new Map<string, unknown[]>()
  await readParts(bytes, contentType, (name, value) => {
    const list = fields.get(name)
    if (list) list.push(value)
    else fields.set(name, [value])
  })
  if (fields.size === 0) throw new Error('it has no field that can be read')
  return Object.fromEntries([...fields].map(([name, list]) => [name, list.length === 1 ? list[0] : list]))
}

function readParts(bytes: Buffer, contentType: string, add: (name: string, value: unknown) => void): Promise<void> {
  const { Busboy } = multipartLibrary()
  return new Promise((resolve, reject) => {
    const form = Busboy({
      headers: { 'content-type': contentType },
      limits: LIMITS,
      isPartAFile: (_name, _type, filename) => filename !== undefined,
    })
    const addNamed = (name: unknown, value: unknown): void => {
      if (typeof name === 'string') add(name, value)
      else reject(new Error('a part has no name'))
    }
    form.on('field', addNamed)
    form.on('file', (name: unknown, file, filename, _encoding, type) => {
      const chunks: Buffer[] = []
      file.on('error', reject)
      file.on('data', (chunk: Buffer) => chunks.push(chunk))
      file.on('end', () => {
        const content = Buffer.concat(chunks)
        addNamed(name, { filename, type, size: content.length, content: content.toString('base64') })
      })
    })
    form.on('partsLimit', () => reject(new Error(`it has more than ${MAX_PARTS} parts`)))
    form.on('finish', resolve)
    form.on('error', reject)
    form.end(bytes)
  })
}

/** Loaded by the first multipart body: hardly any service sends one. */
function multipartLibrary(): typeof import('@fastify/busboy') {
  return require('@fastify/busboy')
}
