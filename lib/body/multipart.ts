import type { BusboyConfig } from '@fastify/busboy'
import { createTurn } from '../base/turns'

const MAX_PARTS = 1000
/** A form has one boundary more than parts; no part holds the boundary. */
const MAX_BOUNDARIES = MAX_PARTS + 1
/** How many bytes are parsed in one go. */
const PIECE = 16 * 1024
/** No limit on sizes: the whole body is in memory already, and `body_limit` has been kept. */
const LIMITS: BusboyConfig['limits'] = {
  parts: MAX_PARTS,
  fieldNameSize: Number.POSITIVE_INFINITY,
  fieldSize: Number.POSITIVE_INFINITY,
  fileSize: Number.POSITIVE_INFINITY,
}
/** The first line of a form, which holds its boundary (RFC 2046, 5.1.1). */
const FIRST_LINE = /^--([^\r\n]{1,200}?)[ \t]*\r\n/

/**
 * Reads a multipart form (RFC 7578): fields as texts, files as `{filename, type, size, content}` with the content in
 * base64. A name that is there several times holds a list. The form is read in turns. Rejects with a plain error for bytes
 * that are no such form, for an empty form, and for more than 1,000 parts.
 */
export async function parseMultipart(bytes: Buffer, contentType: string): Promise<Readonly<Record<string, unknown>>> {
  limitBoundaries(bytes, contentType)
  const fields = new Map<string, unknown[]>()
  await readParts(bytes, contentType, (name, value) => {
    const list = fields.get(name)
    if (list) list.push(value)
    else fields.set(name, [value])
  })
  if (fields.size === 0) throw new Error('it has no field that can be read')
  return Object.fromEntries([...fields].map(([name, list]) => [name, list.length === 1 ? list[0] : list]))
}

/** Throws a plain error for a body with more boundaries than a form may have. To parse its parts would cost a hundred times as much. */
function limitBoundaries(bytes: Buffer, contentType: string): void {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? []
  const delimiter = `\r\n--${quoted ?? plain ?? ''}`
  let count = 0
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + delimiter.length)) {
    count += 1
    if (count > MAX_BOUNDARIES) throw tooMany()
  }
}

function tooMany(): Error {
  return new Error(`it has more than ${MAX_PARTS} parts`)
}

/**
 * Returns the content type of a signed multipart form: its boundary is the one that its first line holds. Another
 * boundary in the label would find other parts in the same bytes. Throws a plain error when the first line holds none.
 */
export function signedContentType(bytes: Buffer): string {
  const [, boundary] = FIRST_LINE.exec(bytes.toString('latin1', 0, 256)) ?? []
  if (boundary === undefined || /["\\]/.test(boundary)) throw new Error('it does not begin with its boundary')
  return `multipart/form-data; boundary="${boundary}"`
}

async function readParts(
  bytes: Buffer,
  contentType: string,
  add: (name: string, value: unknown) => void,
): Promise<void> {
  const { Busboy } = multipartLibrary()
  const turn = createTurn()
  const form = Busboy({
    headers: { 'content-type': contentType },
    limits: LIMITS,
    isPartAFile: (_name, _type, filename) => filename !== undefined,
  })
  let problem: unknown
  const refuse = (error: unknown): void => void (problem ??= error)
  const addNamed = (name: unknown, value: unknown): void => {
    if (typeof name === 'string') add(name, value)
    else refuse(new Error('a part has no name'))
  }
  form.on('field', addNamed)
  form.on('file', (name: unknown, file, filename, _encoding, type) => {
    const chunks: Buffer[] = []
    file.on('error', refuse)
    file.on('data', (chunk: Buffer) => chunks.push(chunk))
    file.on('end', () => {
      const content = Buffer.concat(chunks)
      addNamed(name, { filename, type, size: content.length, content: content.toString('base64') })
    })
  })
  form.on('partsLimit', () => refuse(tooMany()))
  form.on('error', refuse)
  const finished = new Promise<void>((resolve) => {
    form.on('finish', resolve)
    form.on('error', () => resolve())
  })
  // A refused form is not read to its end.
  for (let from = 0; from < bytes.length && problem === undefined; from += PIECE) {
    form.write(bytes.subarray(from, from + PIECE))
    if (turn.isOver()) await turn.next()
  }
  if (problem === undefined) {
    form.end()
    await finished
  }
  if (problem !== undefined) throw problem
}

/** Loaded by the first multipart body: hardly any service sends one. */
function multipartLibrary(): typeof import('@fastify/busboy') {
  return require('@fastify/busboy')
}
