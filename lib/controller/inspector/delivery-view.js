import { badge, copyButton, element, sizeOf, spanOf, table, timeOf } from './dom.js'

const MAX_VALUE = 300

/** Returns the elements that show a delivery; `open` shows another one, `replay` repeats this one. */
export function showDelivery(one, { open, replay }) {
  return [
    element('h2', { class: 'cut-lines' }, `${one.method} ${one.target}`),
    element('p', { class: 'verdict' }, ...badgesOf(one), ` ${one.reason}`),
    element(
      'p',
      { class: 'bar' },
      element('button', { type: 'button', onclick: () => replay(one) }, 'Replay ', element('kbd', {}, 'r')),
      one.body && copyButton(one.body, 'body'),
    ),
    facts(one, open),
    one.reads.length > 0 && [element('h3', {}, 'What the endpoint reads from it'), reads(one.reads)],
    element('h3', {}, `Body, ${sizeOf(one.body_bytes)}`),
    bodyOf(one),
    element('h3', {}, 'Headers'),
    table(
      'Headers',
      ['Name', 'Value'],
      one.headers.map(([name, value]) => line(name, value)),
      { class: 'facts' },
    ),
  ].flat()
}

const line = (name, ...values) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, ...values))

function facts(one, open) {
  const list = [
    ['Received', timeOf(one.received_at)],
    ['Answered', `${one.status ?? 'the sender had gone'} after ${spanOf(one.duration_ms)}`],
    one.target.length > 100 && ['Path', one.target],
    ['Endpoint', one.endpoint ?? 'none'],
    ['Ids', one.ids.join(', ') || 'none'],
    ['Sender', one.verified ? 'verified, or need not be' : 'not verified'],
    one.code && ['Code', one.code],
    one.task_id && ['Task', one.task_id],
    one.items && [
      'Items',
      Object.entries(one.items)
        .map(([word, count]) => `${count} ${word}`)
        .join(', '),
    ],
    one.replay_of && [
      'Replay of',
      element('button', { type: 'button', class: 'link', onclick: () => open(one.replay_of) }, one.replay_of),
    ],
  ]
  return table(
    'About this delivery',
    ['What', 'Value'],
    list.filter(Boolean).map(([name, value]) => line(name, value)),
    { class: 'facts' },
  )
}

function reads(list) {
  const value = (one) => (one.error ? element('em', {}, one.error) : element('code', {}, toText(one.value)))
  return table(
    'What each template of the endpoint reads',
    ['Key', 'Template', 'Reads'],
    list.map((one) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, one.key),
        element('td', {}, element('code', {}, one.source)),
        element('td', {}, value(one)),
      ),
    ),
    { class: 'reads' },
  )
}

function bodyOf(one) {
  if (one.body === null)
    return element('p', { class: 'empty' }, one.body_bytes > 0 ? 'The bytes were not kept.' : 'Empty.')
  if (one.body_encoding === 'base64') return element('pre', {}, `(bytes in base64)\n${one.body}`)
  return element('pre', { tabindex: 0, 'aria-label': 'Body' }, indent(one.body))
}

/** The verdict; of one that ended a wait also how. What came through a tunnel, before there is any config, has none. */
export function wordOf({ verdict, outcome, endpoint }) {
  if (verdict === 'settled' && outcome === 'failed') return 'failed'
  if (verdict !== 'unrouted' || endpoint === null) return verdict
  return endpoint === 'listen' ? 'answered' : 'passed on'
}

function kindOf({ verdict, outcome, endpoint, status }) {
  if (outcome === 'failed') return 'failed'
  if (verdict !== 'unrouted' || endpoint === null) return verdict
  return status === null || status >= 400 ? 'failed' : 'handshake'
}

/** The badges of a delivery. */
export const badgesOf = (one) => [
  badge(wordOf(one), kindOf(one)),
  one.replay_of && badge('replay'),
  one.code && element('code', { class: 'code', title: one.code }, one.code),
]

/** What a template reads, cut short: the body is shown as a whole. */
function toText(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}

function indent(text) {
  // A number beyond 2^53 would lose its digits.
  if (/\d{16}/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
