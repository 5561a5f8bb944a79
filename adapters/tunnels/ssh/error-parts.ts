/** What can be read of anything that was thrown. */
export interface ErrorParts {
  readonly message: string
  /** Node's code, such as ECONNREFUSED. */
  readonly code: string | undefined
  /** Where ssh2 says that it happened. */
  readonly level: string | undefined
}

/**
 * Reads an error by its shape, since it may be of another realm. The server may have written its text, so it stays on
 * one line.
 */
export function readErrorParts(error: unknown): ErrorParts {
  if (typeof error !== 'object' || error === null) return { message: String(error), code: undefined, level: undefined }
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    message: (('message' in error ? text(error.message) : undefined) ?? '').replaceAll(/\p{Cc}+/gu, ' '),
    code: 'code' in error ? text(error.code) : undefined,
    level: 'level' in error ? text(error.level) : undefined,
  }
}
