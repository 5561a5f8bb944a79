type Headers = Readonly<Record<string, string | string[] | undefined>>

const SECRET = /authorization|cookie|signature|secret|token|password|api-?key|hmac/i

/** Whether the value of a header authenticates somebody, by its name. */
export function isSecretHeader(name: string): boolean {
  return SECRET.test(name)
}

/** Headers for events and logs: what authenticates somebody is replaced by `[redacted]`. */
export function redactHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? '[redacted]' : value]),
  )
}
