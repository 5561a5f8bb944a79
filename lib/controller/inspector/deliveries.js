import { get, post } from './api.js'
import { badge, byId, copyButton, element, fill, sizeOf, spanOf, table, timeOf } from './dom.js'

const VERDICTS = [
  'settled',
  'parked',
  'duplicate',
  'pending',
  'unidentified',
  'started',
  'handshake',
  'refused',
  'items',
  'unrouted',
]
/** The table holds so many rows; older ones are asked for. */
const MAX_ROWS = 500
const PAGE = 100
const MAX_VALUE = 300
const RELOAD_MS = 300

/** Creates the list of deliveries and the view of one. */
export function createDeliveries({ isPaused, confirm, tell }) {
  const body = document.querySelector('#list-deliveries tbody')
  const empty = document.querySelector('#view-deliveries .empty')
  const detail = byId('detail')
  const older = byId('older')
  const [text, verdict, id] = [byId('filter-text'), byId('filter-verdict'), byId('filter-id')]
  const rows = new Map()
  let opened
  let asked = 0
  const news = []
  let drawing
  let reloading

  verdict.append(
    element('option', { value: '' }, 'Every verdict'),
    ...VERDICTS.map((one) => element('option', {}, one)),
  )

  function query(before) {
    const parameters = new URLSearchParams({ limit: PAGE })
    if (text.value) parameters.set('text', text.value)
    if (verdict.value) parameters.set('verdict', verdict.value)
    if (id.value) parameters.set('id', id.value)
    if (before) parameters.set('before', before)
    return `deliveries?${parameters}`
  }

  function toRow(one) {
    const row = element(
      'tr',
      { tabindex: -1, 'data-id': one.id, 'aria-selected': one.id === opened, onclick: () => open(one.id) },
      element('td', {}, timeOf(one.received_at)),
      element('td', {}, ...badgesOf(one)),
      element(
        'td',
        { class: 'cut' },
        element('span', { title: one.target }, `${one.method} ${one.target}`),
        element('span', { class: 'note', title: one.reason }, one.reason),
      ),
      element('td', { class: 'cut' }, element('span', { title: one.ids.join(', ') }, one.ids.join(', '))),
      element('td', { class: 'number' }, one.status === null ? '–' : String(one.status)),
    )
    rows.set(one.id, row)
    return row
  }

  function refreshFocus() {
    const focusable = body.querySelector('tr[aria-selected=true]') ?? body.firstElementChild
    for (const row of body.children) row.tabIndex = row === focusable ? 0 : -1
    empty.hidden = body.children.length > 0
    empty.textContent = isFiltered() ? 'No delivery is like that.' : 'No callback came yet. It will be shown here.'
  }

  const isFiltered = () => Boolean(text.value || verdict.value || id.value)

  async function load() {
    asked += 1
    const mine = asked
    const { deliveries, next } = await get(query())
    if (mine !== asked) return
    rows.clear()
    fill(body, deliveries.map(toRow))
    older.hidden = next === null
    refreshFocus()
  }

  async function loadOlder() {
    const { deliveries, next } = await get(query(body.lastElementChild?.dataset.id))
    body.append(...deliveries.filter((one) => !rows.has(one.id)).map(toRow))
    older.hidden = next === null
  }

  /** A delivery that has just come. Many of them are shown together, with the next picture. */
  function add(one) {
    if (isPaused() || rows.has(one.id)) return
    if (isFiltered()) return reloadSoon()
    news.push(one)
    if (news.length > MAX_ROWS) news.shift()
    drawing ??= requestAnimationFrame(showNews)
  }

  function showNews() {
    drawing = undefined
    const fresh = news.splice(0).filter(({ id: one }) => !rows.has(one))
    body.prepend(...fresh.map(toRow).toReversed())
    while (body.children.length > MAX_ROWS) {
      rows.delete(body.lastElementChild.dataset.id)
      body.lastElementChild.remove()
      older.hidden = false
    }
    refreshFocus()
  }

  /** What a search would find in the body of a new one only the server knows. */
  function reloadSoon() {
    reloading ??= setTimeout(() => {
      reloading = undefined
      reload()
    }, RELOAD_MS)
  }

  async function open(wanted) {
    opened = wanted
    for (const [key, row] of rows) row.setAttribute('aria-selected', String(key === wanted))
    refreshFocus()
    const one = await get(`deliveries/${encodeURIComponent(wanted)}`)
    if (opened === wanted) fill(detail, show(one))
  }

  async function replay(one) {
    const what = `Parse, judge and settle ${one.method} ${one.target} again, as if it came now. It may end a wait or start a workflow.`
    if (!(await confirm('Replay this delivery?', what))) return
    const again = await post(`deliveries/${encodeURIComponent(one.id)}/replay`)
    tell(`Replayed: ${wordOf(again)}. ${again.reason}`)
    await open(again.id)
  }

  function show(one) {
    return [
      element('h2', { class: 'cut-lines' }, `${one.method} ${one.target}`),
      element('p', { class: 'verdict' }, ...badgesOf(one), ` ${one.reason}`),
      element(
        'p',
        { class: 'bar' },
        element(
          'button',
          { type: 'button', onclick: () => replay(one).catch(({ message }) => tell(message)) },
          'Replay ',
          element('kbd', {}, 'r'),
        ),
        one.body && copyButton(one.body, 'body'),
      ),
      facts(one),
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

  const line = (name, ...values) =>
    element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, ...values))

  function facts(one) {
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

  function move(step) {
    const list = [...body.children]
    const at = list.indexOf(document.activeElement.closest('tr'))
    const from = at < 0 ? list.findIndex((row) => row.getAttribute('aria-selected') === 'true') : at
    list.at(Math.min(Math.max(from + step, 0), list.length - 1))?.focus()
  }

  const reload = () => void load().catch(({ message }) => tell(message))
  let typing
  byId('filter').addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(reload, 150)
  })
  byId('filter').addEventListener('submit', (event) => event.preventDefault())
  older.addEventListener('click', () => void loadOlder().catch(({ message }) => tell(message)))
  body.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    const row = event.target.closest('tr')
    if (!row) return
    event.preventDefault()
    open(row.dataset.id).then(
      () => detail.focus(),
      ({ message }) => tell(message),
    )
  })

  return {
    add,
    reload,
    move,
    search: () => text.focus(),
    replayOpened: () =>
      opened &&
      get(`deliveries/${encodeURIComponent(opened)}`)
        .then(replay)
        .catch(({ message }) => tell(message)),
  }
}

/** The verdict; of one that ended a wait also how. What came through a tunnel, before there is any config, has none. */
function wordOf({ verdict, outcome, endpoint }) {
  if (verdict === 'settled' && outcome === 'failed') return 'failed'
  if (verdict !== 'unrouted' || endpoint === null) return verdict
  return endpoint === 'listen' ? 'answered' : 'passed on'
}

function kindOf({ verdict, outcome, endpoint, status }) {
  if (outcome === 'failed') return 'failed'
  if (verdict !== 'unrouted' || endpoint === null) return verdict
  return status === null || status >= 400 ? 'failed' : 'handshake'
}

const badgesOf = (one) => [
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
