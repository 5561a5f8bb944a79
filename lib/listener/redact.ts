type Headers = Readonly<Record<string, string | string[] | undefined>>

const SECRET = /authorization|cookie|signature|secret|token|password|api-?key|hmac/i

/** Headers for events and logs: what authenticates somebody is replaced by `[redacted]`. */
export function redactHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET.test(name) ? '[redacted]' : value]),
  )
}
