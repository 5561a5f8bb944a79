import { get, post } from './api.js'
import { badge, byId, element, fill, spanOf, timeOf } from './dom.js'

/** Creates the list of open waits, with what ends one by hand. */
export function createWaits({ askJson, tell }) {
  const view = byId('view-waits')

  async function act(one, action, title, keys) {
    const body = await askJson(title, keys)
    if (body === undefined) return
    await post(`waits/${encodeURIComponent(one.wait_id)}/${action}`, body)
    tell(`Done: ${action} ${one.ids.join(', ')}`)
    await load()
  }

  function buttons(one) {
    const button = (label, action, title, keys) =>
      element(
        'button',
        { type: 'button', onclick: () => act(one, action, title, keys).catch(({ message }) => tell(message)) },
        label,
      )
    return [
      button('Settle', 'settle', 'End this wait with a result', { result: 'Result, as JSON' }),
      button('Fail', 'fail', 'End this wait with a failure', { error: 'Reason, as JSON' }),
      button('Cancel', 'cancel', 'Give up this wait: it ends with ERR_ABORTED, and its id is free again', {}),
    ]
  }

  function toRow(one) {
    const left = Date.parse(one.expires_at) - Date.now()
    const age =
      one.since === undefined || one.since === null ? '–' : spanOf(Math.max(0, Date.now() - Date.parse(one.since)))
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row', class: 'wide' },
        one.ids.join(', '),
        one.outdated && badge('outdated URL', 'pending'),
      ),
      element('td', { class: 'wide' }, one.endpoints.join(', ')),
      element('td', { 'data-head': 'Age' }, age),
      element(
        'td',
        { 'data-head': 'Deadline' },
        timeOf(one.expires_at),
        ` (${left > 0 ? `in ${spanOf(left)}` : 'now'})`,
      ),
      element('td', {}, element('div', { class: 'bar' }, ...buttons(one))),
    )
  }

  async function load() {
    const { waiting, waits } = await get('waits')
    if (view.contains(document.activeElement) && view.querySelectorAll('tbody tr').length === waits.length) return
    const heads = ['Ids', 'Endpoints', 'Age', 'Deadline', 'By hand']
    fill(
      view,
      element(
        'p',
        { class: 'count' },
        waiting > waits.length ? `${waits.length} of ${waiting} open waits` : `${waiting} open`,
      ),
      waits.length === 0
        ? element('p', { class: 'empty' }, 'Nothing waits for a callback.')
        : element(
            'div',
            { class: 'scroll' },
            element(
              'table',
              { 'aria-label': 'Open waits, oldest first', class: 'stack' },
              element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
              element('tbody', {}, ...waits.map(toRow)),
            ),
          ),
    )
  }

  return { load }
}
