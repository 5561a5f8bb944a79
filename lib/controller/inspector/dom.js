// Everything that is shown goes into the page as text: nothing of a callback is ever read as HTML.

/**
 * Creates an element. Attributes that are undefined or false are left out, `on…` are listeners, and children are
 * elements or text.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else made.setAttribute(key, value === true ? '' : String(value))
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return made
}

export const byId = (id) => document.getElementById(id)

/** Puts children in the place of those that an element has. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(Boolean))
}

/** The time of a day, with milliseconds; the whole date stands in the title. */
export function timeOf(iso) {
  const date = new Date(iso)
  const text = date.toLocaleTimeString(undefined, { hour12: false, fractionalSecondDigits: 3, ...DIGITS })
  return element('time', { datetime: iso, title: date.toLocaleString() }, text)
}

const DIGITS = { hour: '2-digit', minute: '2-digit', second: '2-digit' }

/** A span of time for people: `320 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function spanOf(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** A number of things: `1 task`, `2 tasks`. */
export const countOf = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`

export function sizeOf(bytes) {
  if (bytes < 1000) return countOf(bytes, 'byte')
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** A word with its colour; the word says the same as the colour. */
export function badge(word, kind = word) {
  return element('span', { class: `badge ${kind}` }, word)
}

/** A button that copies a text. */
export function copyButton(text, what) {
  const button = element('button', { type: 'button', onclick: copy }, `Copy ${what}`)
  async function copy() {
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'The browser refused'
    }
    setTimeout(() => (button.textContent = `Copy ${what}`), 1500)
  }
  return button
}

/** A table with a caption for screen readers. */
export function table(caption, heads, rows, attributes = {}) {
  return element(
    'table',
    attributes,
    element('caption', { class: 'hidden' }, caption),
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows),
  )
}
