import { parseContent } from '../listener/content'

/** Bytes of an answer, from its beginning. */
export interface Content {
  readonly bytes: Buffer
  /** Whether there was no more to come. */
  readonly isWhole: boolean
}

type Headers = Readonly<Record<string, string>>

/** Reads at most so many bytes, unpacked, and gives the connection up when there are more. */
export async function readContent(response: Response, maxBytes: number): Promise<Content> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    chunks.push(read.value)
    size += read.value.length
    if (size <= maxBytes) continue
    await reader?.cancel()
    return { bytes: Buffer.concat(chunks, maxBytes), isWhole: false }
  }
  return { bytes: Buffer.concat(chunks, size), isWhole: true }
}

/** The headers of an answer, names in lower case; one that comes several times is joined by commas. */
export function readHeaders(response: Response): Headers {
  const headers = new Map<string, string>()
  for (const [name, value] of response.headers) {
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(headers)
}

/** Reads a body by its content type; null when it is empty. Rejects with `ERR_BODY_*`, as for callbacks. */
export async function parseAnswer(bytes: Buffer, headers: Headers): Promise<unknown> {
  return bytes.length === 0 ? null : parseContent(bytes, headers['content-type'])
}
