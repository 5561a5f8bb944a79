// The HTTP API of the controller, asked below the place that the page was loaded from.

let token = sessionStorage.getItem('token') ?? undefined
/** The question that is open. */
let asking
/** @type {(isWrong: boolean) => Promise<string | undefined>} */
let askForToken = () => Promise.resolve(undefined)

/** Sets what asks the user for the token of `controller.auth`. */
export function whenTokenIsMissing(askUser) {
  askForToken = askUser
}

function headersOf(more) {
  return { ...(token && { authorization: `Bearer ${token}` }), ...more }
}

/** Asks again with the token that the user enters; requests that are refused at once share one question. */
async function ask(path, options = {}) {
  const used = token
  const response = await fetch(path, { ...options, headers: headersOf(options.headers), cache: 'no-store' })
  if (response.status !== 401) return response
  if (token === used) await (asking ??= renewToken(used !== undefined))
  return token === undefined ? response : ask(path, options)
}

async function renewToken(isWrong) {
  token = await askForToken(isWrong)
  if (token === undefined) sessionStorage.removeItem('token')
  else sessionStorage.setItem('token', token)
  asking = undefined
}

async function read(response) {
  const value = await response.json().catch(() => undefined)
  if (response.ok) return value
  throw new Error(value?.error?.message ?? `The server answered ${response.status}`)
}

/** Reads what a path shows. Rejects with what the server says. */
export async function get(path) {
  return read(await ask(path))
}

/** Does what a path stands for. */
export async function post(path, body = {}) {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return read(await ask(path, options))
}

/**
 * Follows the events of the server for ever, and connects again after it was away: from the last one that came. By `fetch`,
 * since an EventSource sends no token. `onState` is told `live` or `away`. The event `reset` comes where some were missed.
 */
export async function follow(onEvent, onState) {
  let last
  for (let failures = 0; ;) {
    try {
      const response = await ask('events', { headers: last === undefined ? {} : { 'last-event-id': last } })
      if (!response.ok) throw new Error(`The server answered ${response.status}`)
      failures = 0
      onState('live')
      if (last === undefined) onEvent('reset', {})
      for await (const { name, id, data } of eventsOf(response.body)) {
        last = id ?? last
        if (data !== undefined) onEvent(name, data)
      }
    } catch {
      // It is told below, and asked again.
    }
    onState('away')
    failures += 1
    await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures, 10_000)))
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (text + value).split('\n\n')
    text = blocks.pop()
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').flatMap((line) => {
          const [, name, field] = /^(event|id|data): ?(.*)$/.exec(line) ?? []
          return name ? [[name, field]] : []
        }),
      )
      yield { name: fields.event, id: fields.id, data: fields.data && JSON.parse(fields.data) }
    }
  }
}
