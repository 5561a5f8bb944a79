import { get, post } from './api.js'
import { createDeliveryTable } from './delivery-table.js'
import { showDelivery, wordOf } from './delivery-view.js'
import { byId, element, fill } from './dom.js'

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
const PAGE = 100
/** So many deliveries are shown in one step; of more, the oldest are left out. */
const MAX_NEWS = 500
const RELOAD_MS = 300
const TYPING_MS = 150

/** Creates the list of deliveries and the view of one. */
export function createDeliveries({ isPaused, confirm, tell }) {
  const tellError = ({ message }) => tell(message)
  const filter = createFilter(() => reload())
  const detail = createDetail({ confirm, tell, onOpen: (id) => table.select(id) })
  const open = (id) => detail.open(id).catch(tellError)
  const table = createDeliveryTable(open)
  const older = byId('older')
  let asked = 0
  const news = []
  let drawing
  let reloading
  /** The deliveries that arrive while a list is loaded; undefined between lists. */
  let arriving

  const whyEmpty = () => (filter.isSet() ? 'No delivery is like that.' : 'No callback came yet. It will be shown here.')

  async function load() {
    asked += 1
    const mine = asked
    arriving = []
    const { deliveries, next } = await get(filter.path())
    if (mine !== asked) return
    // The server may have made its list before they came.
    const listed = new Set(deliveries.map((one) => one.id))
    const newer = arriving.filter((one) => !listed.has(one.id)).toReversed()
    arriving = undefined
    table.show([...newer, ...deliveries], whyEmpty())
    older.hidden = next === null
  }

  async function loadOlder() {
    const { deliveries, next } = await get(filter.path(table.lastId()))
    table.append(deliveries)
    older.hidden = next === null
  }

  /** Shows a delivery that has just come. Many of them are shown together, with the next picture. */
  function add(one) {
    if (isPaused() || table.has(one.id)) return
    if (filter.isSet()) return reloadSoon()
    arriving?.push(one)
    news.push(one)
    if (news.length > MAX_NEWS) news.shift()
    drawing ??= requestAnimationFrame(showNews)
  }

  function showNews() {
    drawing = undefined
    if (table.prepend(news.splice(0), whyEmpty())) older.hidden = false
  }

  /** Only the server knows whether a search finds something in the body of a new delivery. */
  function reloadSoon() {
    reloading ??= setTimeout(() => {
      reloading = undefined
      reload()
    }, RELOAD_MS)
  }

  const reload = () => void load().catch(tellError)
  older.addEventListener('click', () => void loadOlder().catch(tellError))
  table.body.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    const row = event.target.closest('tr')
    if (!row) return
    event.preventDefault()
    detail.open(row.dataset.id).then(detail.focus, tellError)
  })

  return {
    add,
    reload,
    move: table.move,
    search: filter.focus,
    replayOpened: () => detail.replayOpened().catch(tellError),
  }
}

/** Creates the fields that choose which deliveries are listed. `onChange` is called a moment after the user has typed. */
function createFilter(onChange) {
  const form = byId('filter')
  const [text, verdict, id] = [byId('filter-text'), byId('filter-verdict'), byId('filter-id')]
  let typing

  verdict.append(
    element('option', { value: '' }, 'Every verdict'),
    ...VERDICTS.map((one) => element('option', {}, one)),
  )
  form.addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(() => onChange(), TYPING_MS)
  })
  form.addEventListener('submit', (event) => event.preventDefault())

  return {
    isSet: () => Boolean(text.value || verdict.value || id.value),
    /** Returns the path of a page of the list, of those before a delivery if one is given. */
    path(before) {
      const parameters = new URLSearchParams({ limit: PAGE })
      if (text.value) parameters.set('text', text.value)
      if (verdict.value) parameters.set('verdict', verdict.value)
      if (id.value) parameters.set('id', id.value)
      if (before) parameters.set('before', before)
      return `deliveries?${parameters}`
    },
    focus: () => text.focus(),
  }
}

/** Creates the view of one delivery, which can be replayed. `onOpen` is called with the id of each one that is opened. */
function createDetail({ confirm, tell, onOpen }) {
  const detail = byId('detail')
  let opened

  const telling = (work) => (value) => void work(value).catch(({ message }) => tell(message))
  const read = (id) => get(`deliveries/${encodeURIComponent(id)}`)

  async function open(wanted) {
    opened = wanted
    onOpen(wanted)
    const one = await read(wanted)
    if (opened === wanted) fill(detail, showDelivery(one, { open: telling(open), replay: telling(replay) }))
  }

  async function replay(one) {
    const what = `Parse, judge and settle ${one.method} ${one.target} again, as if it came now. It may end a wait or start a workflow.`
    if (!(await confirm('Replay this delivery?', what))) return
    const again = await post(`deliveries/${encodeURIComponent(one.id)}/replay`)
    tell(`Replayed: ${wordOf(again)}. ${again.reason}`)
    await open(again.id)
  }

  return {
    open,
    focus: () => detail.focus(),
    replayOpened: async () => opened && replay(await read(opened)),
  }
}
