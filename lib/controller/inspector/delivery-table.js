import { badgesOf } from './delivery-view.js'
import { element, fill, timeOf } from './dom.js'

/** The table holds so many rows; older ones are asked for. */
const MAX_ROWS = 500

/** Creates the table of deliveries. `open` is called with the id of the row that the user chooses. */
export function createDeliveryTable(open) {
  const body = document.querySelector('#list-deliveries tbody')
  const empty = document.querySelector('#view-deliveries .empty')
  const rows = new Map()
  let selected

  function toRow(one) {
    const row = element(
      'tr',
      { tabindex: -1, 'data-id': one.id, 'aria-selected': one.id === selected, onclick: () => open(one.id) },
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

  const withoutKnown = (deliveries) => deliveries.filter(({ id }) => !rows.has(id))

  function refreshFocus() {
    const focusable = body.querySelector('tr[aria-selected=true]') ?? body.firstElementChild
    for (const row of body.children) row.tabIndex = row === focusable ? 0 : -1
  }

  function refresh(whyEmpty) {
    refreshFocus()
    empty.hidden = body.children.length > 0
    empty.textContent = whyEmpty
  }

  return {
    body,
    has: (id) => rows.has(id),
    lastId: () => body.lastElementChild?.dataset.id,
    /** Shows deliveries, the newest first, in the place of those before. */
    show(deliveries, whyEmpty) {
      rows.clear()
      fill(body, deliveries.map(toRow))
      refresh(whyEmpty)
    },
    /** Shows older deliveries below the others. */
    append: (deliveries) => body.append(...withoutKnown(deliveries).map(toRow)),
    /** Shows deliveries, the newest last, above the others. Returns whether the oldest ones had to go. */
    prepend(deliveries, whyEmpty) {
      body.prepend(...withoutKnown(deliveries).map(toRow).toReversed())
      const isFull = body.children.length > MAX_ROWS
      while (body.children.length > MAX_ROWS) {
        rows.delete(body.lastElementChild.dataset.id)
        body.lastElementChild.remove()
      }
      refresh(whyEmpty)
      return isFull
    },
    select(id) {
      selected = id
      for (const [key, row] of rows) row.setAttribute('aria-selected', String(key === id))
      refreshFocus()
    },
    /** Moves the focus by so many rows, from the one that has it or is selected. */
    move(step) {
      const list = [...body.children]
      const at = list.indexOf(document.activeElement.closest('tr'))
      const from = at < 0 ? list.findIndex((row) => row.getAttribute('aria-selected') === 'true') : at
      list.at(Math.min(Math.max(from + step, 0), list.length - 1))?.focus()
    },
  }
}
