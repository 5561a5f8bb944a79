import { expect, test } from '@jest/globals'
import { createFindProxy } from '../../lib/http/proxy-env'
import { readTicketQuery, splitAppended } from '../../lib/listener/paths/ticket-query'
import { createMountPath } from '../../lib/listener/paths/mount-path'
import { cleanPath, decodePath, isSamePath, toUrlPath, trimEnd, trimPath } from '../../lib/base/same-path'
import { toRouteKey } from '../../lib/base/route-syntax'
import { withoutUser } from '../../lib/base/secrets/mask'
import { redactHeaders } from '../../lib/base/secrets/redact-headers'
import { isSecretName, listSecrets } from '../../lib/base/secrets/secret-names'
import { compileConfig } from '../../lib/config/normalize'
import { describeFound } from '../../lib/config/field/found'
import { readHeaderText, readRetryAfter } from '../../lib/http/answer-headers'
import { excerptOf } from '../../lib/template/excerpt'
import { parseJson } from '../../lib/template/exact-json'
import { parseNumber } from '../../lib/template/numbers'
import { parseToldUrl } from '../../lib/workflow/callback-urls/told-urls'
import { isJsonType } from '../../lib/body/content'
import { isLinesName } from '../../lib/body/json-text'
import { createFirstUrl } from '../../adapters/tunnels/command-url'
import { explainLine } from '../../adapters/tunnels/cloudflared/failures'
import { readNgrokError } from '../../adapters/tunnels/ngrok/errors'

const LENGTH = 100_000
/** Far more than one scan takes on a busy machine; a pattern that goes back over the text takes five seconds and more. */
const LIMIT_MS = 2000

/** What each pattern of this package could go back over: many of a character, and then not what it looks for. */
const HOSTILE = [
  ' ',
  '/',
  '.',
  ':',
  '=',
  '@',
  '%',
  '%41',
  'a',
  '1',
  '"',
  ']',
  '{{ ',
  ': "',
  '&callback_id=',
  'version ',
  'quick Tunnel response: ',
  'https://a',
].map((piece) => piece.repeat(LENGTH / piece.length))

const config = (section: object) => () => compileConfig({ listener: { path: '/done', ...section } })

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  trimPath,
  trimEnd,
  decodePath,
  cleanPath,
  toUrlPath,
  isSamePath: (text) => isSamePath(text, '/a'),
  toRouteKey: (text) => toRouteKey('POST', text),
  createMountPath: (text) => createMountPath(text).strip('/a'),
  readTicketQuery: (text) => readTicketQuery(`callback_id${text}=tkt-1`),
  readTicketQueryEncoded: (text) => readTicketQuery(encodeURIComponent(`callback_id${text}x`)),
  splitAppended: (text) => splitAppended(`${text}?`),
  withoutUser: (text) => withoutUser(`https://${text}`),
  redactHeaders: (text) => redactHeaders({ referer: text, [`x-${text}`]: text }),
  isSecretName,
  listSecrets: (text) => listSecrets({ A_URL: `a://${text}`, [`KEY${text}`]: 'a' }),
  readRetryAfter: (text) => readRetryAfter({ 'retry-after': `Mon, ${text}` }, 0),
  createFindProxy: (text) => createFindProxy({ HTTP_PROXY: 'http://a', NO_PROXY: text })?.(new URL('http://a.b')),
  readHeaderText,
  excerptOf,
  parseNumber,
  parseJson,
  parseToldUrl: (text) => parseToldUrl(`https://a${text}`, 'a'),
  isJsonType,
  isLinesName,
  describeFound: (text) => describeFound(`https://${text}`, ['a']),
  'a path': (text) => config({ path: `/a${text}b` })(),
  'a base path': (text) => config({ base_path: `${text}b` })(),
  'a public URL': (text) => config({ public_url: `https://a.example/${text}b` })(),
  'an id': (text) => config({ identify_by: `{{${text}x` })(),
  'a host': (text) => compileConfig({ component: { type: 'http-server', host: `${text}x` } }),
  'a URL of a program': createFirstUrl(),
  'a line of cloudflared': explainLine,
  'a line of ngrok': (text) => readNgrokError(text),
}

test.each(Object.entries(READERS))('%s reads 100,000 hostile characters in one scan', (_name, read) => {
  const times = HOSTILE.map((text) => {
    const start = performance.now()
    try {
      read(text)
      read(`${text}\n`)
    } catch {
      // A refusal is an answer, too.
    }
    return performance.now() - start
  })
  expect(Math.max(...times)).toBeLessThan(LIMIT_MS)
})
