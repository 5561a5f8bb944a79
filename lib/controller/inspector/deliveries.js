import { get, post } from './api.js'
import { badgesOf, showDelivery, wordOf } from './delivery-view.js'
import { byId, element, fill, timeOf } from './dom.js'

const VERDICTS = [
  'settled',
  'parked',
  'duplicate',
  'filtered',
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
  /** The deliveries that arrive while a list is loaded; undefined between lists. */
  let arriving

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
    arriving = []
    const { deliveries, next } = await get(query())
    if (mine !== asked) return
    // The server may have made its list before they came.
    const listed = new Set(deliveries.map((one) => one.id))
    const newer = arriving.filter((one) => !listed.has(one.id)).toReversed()
    arriving = undefined
    rows.clear()
    fill(body, [...newer, ...deliveries].map(toRow))
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
    arriving?.push(one)
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
    if (opened === wanted)
      fill(detail, showDelivery(one, { open, replay: (again) => replay(again).catch(({ message }) => tell(message)) }))
  }

  async function replay(one) {
    const what = `Parse, judge and settle ${one.method} ${one.target} again, as if it came now. It may end a wait or start a workflow.`
    if (!(await confirm('Replay this delivery?', what))) return
    const again = await post(`deliveries/${encodeURIComponent(one.id)}/replay`)
    tell(`Replayed: ${wordOf(again)}. ${again.reason}`)
    await open(again.id)
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
