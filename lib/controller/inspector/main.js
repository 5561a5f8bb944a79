import { follow, get, whenTokenIsMissing } from './api.js'
import { createDeliveries } from './deliveries.js'
import { byId, countOf, element, fill } from './dom.js'
import { createGateways } from './gateways.js'
import { createTasks } from './tasks.js'
import { createWaits } from './waits.js'

const TABS = ['deliveries', 'waits', 'tasks', 'gateways']
const KEYS = [
  ['/', 'search'],
  ['j or down, k or up', 'next or previous delivery'],
  ['Enter', 'open it'],
  ['r', 'replay the one that is open'],
  ['p', 'pause, go on'],
  ['1 to 4', 'deliveries, waits, tasks, gateways'],
]
/** What lists are asked again after events, but no more often. */
const REFRESH_MS = 400
/** Ages and health go on without events. */
const TICK_MS = 5000

let isPaused = false
let shown = 'deliveries'
const dialog = byId('dialog')
const notice = byId('notice')
let noticeTimer

function tell(message) {
  notice.textContent = message
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => (notice.textContent = ''), 8000)
}

/** Shows a dialog with fields; resolves to their values, or to undefined when it is cancelled. */
function askIn(title, text, fields, submit) {
  const inputs = fields.map((field) => [field, element(field.isLong ? 'textarea' : 'input', field.attributes)])
  fill(
    dialog,
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'dialog-title' }, title),
      text && element('p', {}, text),
      ...inputs.map(([{ label }, input]) => element('label', {}, label, input)),
      element(
        'p',
        { class: 'bar' },
        element('button', { value: 'yes', class: 'main' }, submit),
        element('button', { value: 'no', formnovalidate: true }, 'Cancel'),
      ),
    ),
  )
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        const values = Object.fromEntries(inputs.map(([{ name }, input]) => [name, input.value]))
        resolve(dialog.returnValue === 'yes' ? values : undefined)
      },
      { once: true },
    )
  })
}

const confirm = async (title, text) => (await askIn(title, text, [], 'Yes, do it')) !== undefined

async function askJson(title, keys) {
  const fields = Object.entries(keys).map(([name, label]) => ({ name, label, isLong: true, attributes: { rows: 4 } }))
  const hint = fields.length > 0 && 'Text that is no JSON is taken as text.'
  const values = await askIn(title, hint, fields, 'Do it')
  if (values === undefined) return undefined
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, text]) => (text === '' ? [] : [[name, toJson(text)]])),
  )
}

function toJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

whenTokenIsMissing(async (isWrong) => {
  const field = { name: 'token', label: 'Token', attributes: { type: 'password', required: true, autocomplete: 'off' } }
  const text = `${isWrong ? 'That is another token. ' : ''}Enter the token of controller.auth.`
  return (await askIn('This controller has a token', text, [field], 'Go on'))?.token
})

const means = { isPaused: () => isPaused, confirm, askJson, tell }
const views = {
  deliveries: createDeliveries(means),
  waits: createWaits(means),
  tasks: createTasks(means),
  gateways: createGateways(means),
}

async function refresh() {
  if (isPaused) return
  try {
    if (shown !== 'deliveries') await views[shown].load()
    const { status, store, waiting, tasks_running } = await get('health')
    // A tunnel without a config has neither waits nor tasks.
    for (const name of ['waits', 'tasks']) byId(`tab-${name}`).hidden = waiting === undefined
    const work = waiting !== undefined && [`${waiting} waiting`, `${countOf(tasks_running, 'task')} running`]
    const words = [status, store && `store ${store}`, work].flat()
    byId('health').textContent = words.filter(Boolean).join(', ')
    byId('health').className = status
  } catch (error) {
    byId('health').textContent = error.message
    byId('health').className = 'away'
  }
}

let refreshing
function refreshSoon() {
  refreshing ??= setTimeout(() => {
    refreshing = undefined
    void refresh()
  }, REFRESH_MS)
}

function select(name, hasFocus) {
  shown = name
  for (const one of TABS) {
    const tab = byId(`tab-${one}`)
    tab.setAttribute('aria-selected', String(one === name))
    tab.tabIndex = one === name ? 0 : -1
    byId(`view-${one}`).hidden = one !== name
  }
  if (hasFocus) byId(`tab-${name}`).focus()
  void refresh()
}

function pause() {
  isPaused = !isPaused
  byId('pause').setAttribute('aria-pressed', String(isPaused))
  byId('live').textContent = isPaused ? 'paused' : 'live'
  if (isPaused) return
  views.deliveries.reload()
  void refresh()
}

function showKeys() {
  fill(
    dialog,
    element('h2', { id: 'dialog-title' }, 'Keys'),
    element(
      'dl',
      {},
      ...KEYS.flatMap(([key, what]) => [element('dt', {}, element('kbd', {}, key)), element('dd', {}, what)]),
    ),
    element('form', { method: 'dialog' }, element('button', {}, 'Close')),
  )
  dialog.showModal()
}

const COMMANDS = {
  '/': () => views.deliveries.search(),
  '?': showKeys,
  p: pause,
  r: () => views.deliveries.replayOpened(),
  j: () => views.deliveries.move(1),
  ArrowDown: () => views.deliveries.move(1),
  k: () => views.deliveries.move(-1),
  ArrowUp: () => views.deliveries.move(-1),
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return
  if (event.target.closest('input, textarea, select')) {
    if (event.key === 'Escape') event.target.blur()
    return
  }
  const tab = TABS[Number(event.key) - 1]
  if (tab && !byId(`tab-${tab}`).hidden) return select(tab, true)
  const isScrolling = event.key.startsWith('Arrow') && event.target.closest('pre, [role=tablist], #detail')
  if (isScrolling || !Object.hasOwn(COMMANDS, event.key)) return
  if (shown !== 'deliveries' && !['?', 'p'].includes(event.key)) return
  event.preventDefault()
  COMMANDS[event.key]()
})

for (const name of TABS) byId(`tab-${name}`).addEventListener('click', () => select(name, true))
byId('tabs').addEventListener('keydown', ({ key }) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
  const there = TABS.filter((name) => !byId(`tab-${name}`).hidden)
  if (step) select(there.at((there.indexOf(shown) + step) % there.length), true)
})
byId('pause').addEventListener('click', pause)
byId('help').addEventListener('click', showKeys)

setInterval(() => void refresh(), TICK_MS)
void refresh()
void follow(
  (name, data) => {
    if (name === 'delivery') views.deliveries.add(data)
    // What was missed is in the list of the server.
    if (name === 'reset') views.deliveries.reload()
    refreshSoon()
  },
  (state) => {
    if (!isPaused) byId('live').textContent = state === 'live' ? 'live' : 'connecting again'
  },
)
