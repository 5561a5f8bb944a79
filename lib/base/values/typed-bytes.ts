const TYPE = Symbol('content type')

interface TypedBytes extends Uint8Array {
  readonly [TYPE]?: string
}

const UNKNOWN_TYPE = 'application/octet-stream'

/** Writes down which content type bytes came with; it goes along wherever the same bytes are handed on. */
export function giveType<T extends Uint8Array>(bytes: T, type: string | undefined): T {
  return type === undefined ? bytes : Object.defineProperty(bytes, TYPE, { value: type })
}

/** The content type that bytes came with; undefined for bytes of any other origin. */
export function typeOf(bytes: TypedBytes): string | undefined {
  return bytes[TYPE]
}

/** Bytes as JSON shows them: `{type, base64}`. */
export function showBytes(bytes: Uint8Array): { readonly type: string; readonly base64: string } {
  const { buffer, byteOffset, byteLength } = bytes
  return { type: typeOf(bytes) ?? UNKNOWN_TYPE, base64: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }
}
