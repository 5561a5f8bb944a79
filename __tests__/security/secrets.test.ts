import { describe, expect, test } from '@jest/globals'
import { createMask, createMessageMask, listSpellings } from '../../lib/base/secrets/mask'
import { redactHeaders } from '../../lib/base/secrets/redact-headers'
import { isSecretName, isSecretParameter, listSecrets } from '../../lib/base/secrets/secret-names'
import { createTicketId, maskTickets } from '../../lib/base/secrets/ticket-id'

describe('names of what authenticates somebody', () => {
  test.each([
    'Authorization',
    'proxy-authorization',
    'x-auth',
    'X-Auth-Key',
    'Cookie',
    'set-cookie',
    'X-Hub-Signature-256',
    'x-api-key',
    'apikey',
    'accessKey',
    'authkey',
    'signing_key',
    'api_key',
    'ocp-apim-subscription-key',
    'x-functions-key',
    'x-gitlab-token',
    'authtoken',
    'access_token',
    'client_secret',
    'password',
    'x-amz-security-token',
    'x-shopify-hmac-sha256',
    'x-session-id',
    'cf-access-jwt-assertion',
    'x-csrf',
    'sig',
    'private_key',
    'credentials',
  ])('%s is one', (name) => expect(isSecretName(name)).toBe(true))

  test.each([
    'content-type',
    'host',
    'x-request-id',
    'x-github-delivery',
    'idempotency-key',
    'X-Idempotency-Key',
    'x-author',
    'authority',
    'max_tokens',
    'x-ratelimit-remaining-tokens',
    'keyboard',
    'monkey',
    'design',
    'passenger',
    'user-agent',
    'accept-encoding',
  ])('%s is none', (name) => expect(isSecretName(name)).toBe(false))

  test.each([
    ['code', true],
    ['Code_Verifier', true],
    ['token', true],
    ['api_key', true],
    ['status_code', false],
    ['codes', false],
    ['key_id', true],
    ['monkey', false],
  ])('the parameter %s of a query: %s', (name, isSecret) => expect(isSecretParameter(name)).toBe(isSecret))
})

test('variables are secret by their names, and URLs by the password in them', () => {
  const secret = [
    'A_TOKEN',
    'A_SECRET',
    'API_KEY',
    'APIKEY',
    'DB_PASSWORD',
    'DB_PASS',
    'A_CREDENTIALS',
    'A_SECRETS',
    'A_KEY_2',
    'TOKEN_OLD',
    'SECRET_KEY_BASE',
  ]
  const others = ['PATH', 'PWD', 'OLDPWD', 'HOME', 'KEYBOARD', 'TOKEN_URL', 'KEY_FILE', 'MONKEY_NAME']
  const env = Object.fromEntries([...secret, ...others].map((name) => [name, name.toLowerCase()]))
  expect(listSecrets(env)).toEqual(secret.map((name) => name.toLowerCase()))
  const urls = {
    DATABASE_URL: 'postgres://me:p%20w@h/d',
    REDIS: 'redis://:pw@h',
    HOMEPAGE: 'https://a.example/@b',
    BAD: 'x://a:%zz@h',
  }
  expect(listSecrets(urls)).toEqual(['p%20w', 'p w', 'pw', 'pw', '%zz'])
})

describe('a mask', () => {
  const SECRET = 'a b+"c/é'

  test('finds a secret however it is written', () => {
    const mask = createMask(listSpellings([SECRET]))
    const written = [
      SECRET,
      encodeURIComponent(SECRET),
      new URLSearchParams({ a: SECRET }).toString(),
      JSON.stringify({ a: SECRET }),
      Buffer.from(SECRET).toString('base64'),
      Buffer.from(SECRET).toString('base64url'),
    ]
    for (const text of written) expect(mask(`<${text}>`)).toContain('[redacted]')
    expect(mask(SECRET)).toBe('[redacted]')
  })

  test('takes the longest of several, nothing of regular expressions, and none that is short', () => {
    const mask = createMask(listSpellings(['abcdef', 'abcdefgh', '.*.*.*', 'abc']))
    expect(mask('abcdefgh abcdef .*.*.* abc x')).toBe('[redacted] [redacted] [redacted] abc x')
    expect(createMask([])('a')).toBe('a')
  })

  test('for messages finds what is left of a secret that was cut, and nothing else', () => {
    const mask = createMessageMask(listSpellings(['abcdefghij']))
    expect(mask('found "abcdefg…, or "xabcdefg… but not abcde… nor abcdefg')).toBe(
      'found "[redacted]…, or "x[redacted]… but not abcde… nor abcdefg',
    )
  })
})

test('headers: what authenticates is replaced, by name or as it is told, and of URLs the query', () => {
  const url = 'https://a.example/b?token=c#d'
  const headers = {
    authorization: 'Bearer a',
    cookie: ['a', 'b'],
    'x-mac': 'm',
    'content-type': 'a/b',
    referer: url,
    'x-forwarded-uri': '/b?token=c',
    'x-original-url': [url],
    'x-rewrite-url': undefined,
  }
  expect(redactHeaders(headers, new Set(['x-mac']))).toEqual({
    authorization: '[redacted]',
    cookie: '[redacted]',
    'x-mac': '[redacted]',
    'content-type': 'a/b',
    referer: 'https://a.example/b?[redacted]',
    'x-forwarded-uri': '/b?[redacted]',
    'x-original-url': ['https://a.example/b?[redacted]'],
    'x-rewrite-url': undefined,
  })
})

describe('tickets', () => {
  test('are 32 characters, and no two alike', () => {
    const ids = Array.from({ length: 1000 }, createTicketId)
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^tkt-[\w-]{28}$/)
  })

  test('are cut short wherever they stand, and nothing else is', () => {
    const id = createTicketId()
    const short = `${id.slice(0, 8)}…`
    expect(maskTickets(`"${id}" https://a/b?callback_id=${id}&c ${id},${id}`)).toBe(
      `"${short}" https://a/b?callback_id=${short}&c ${short},${short}`,
    )
    expect(maskTickets(`tkt-1 ${id}x`)).toBe(`tkt-1 ${id}x`)
  })
})
