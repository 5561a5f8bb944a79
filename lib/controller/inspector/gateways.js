import { get } from './api.js'
import { badge, byId, copyButton, element, fill } from './dom.js'

const SVG = 'http://www.w3.org/2000/svg'

/** Creates the list of gateways, with the public URL of each to copy or to scan. */
export function createGateways({ tell }) {
  const view = byId('view-gateways')
  let before

  function draw({ size, rows }) {
    const svg = document.createElementNS(SVG, 'svg')
    svg.setAttribute('viewBox', `-4 -4 ${size + 8} ${size + 8}`)
    svg.setAttribute('role', 'img')
    svg.setAttribute('class', 'qr')
    svg.setAttribute('aria-label', 'QR code of the public URL')
    const path = document.createElementNS(SVG, 'path')
    const squares = rows.flatMap((row, y) => [...row].map((dot, x) => (dot === '1' ? `M${x} ${y}h1v1h-1z` : '')))
    path.setAttribute('d', squares.join(''))
    svg.append(path)
    return svg
  }

  async function showCode(port, button) {
    button.closest('.bar').after(draw(await get(`gateways/${port}/qr`)))
    button.remove()
  }

  function toItem(gateway) {
    const { port, driver, state, public_url, public_address, previous_url, error } = gateway
    const code = element(
      'button',
      { type: 'button', onclick: () => showCode(port, code).catch(({ message }) => tell(message)) },
      'QR code',
    )
    return element(
      'article',
      { class: 'card' },
      element('h2', {}, `Port ${port} `, badge(state), driver),
      public_url
        ? element('p', { class: 'bar' }, element('code', {}, public_url), copyButton(public_url, 'URL'), code)
        : element('p', { class: 'count' }, 'It has no public URL now.'),
      public_address && element('p', {}, 'Address: ', element('code', {}, public_address)),
      previous_url &&
        element('p', {}, 'Before: ', element('code', {}, previous_url), ' (callbacks to it do not arrive)'),
      error && element('p', { class: 'verdict' }, `${error.code}: ${error.message}`),
    )
  }

  async function load() {
    const gateways = await get('gateways')
    const now = JSON.stringify(gateways)
    // A QR code that is shown stays.
    if (now === before) return
    before = now
    fill(
      view,
      gateways.length === 0
        ? element('p', { class: 'empty' }, 'The config has no gateway: the app is reached by a URL of its own.')
        : gateways.map(toItem),
    )
  }

  return { load }
}
