'use strict'

const { connect } = require('node:net')

const UNANSWERED_MS = 30_000

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} name the status with the error code, as "401 ERR_UNVERIFIED"
 */

/**
 * Reads an answer; undefined when it has not come whole.
 * @param {string} text
 * @returns {(Answer & { end: number }) | undefined}
 */
function readAnswer(text) {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const headers = text.slice(0, headEnd)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(headers)?.[1] ?? 0)
  const end = headEnd + 4 + length
  if (text.length < end) return undefined
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
  const body = text.slice(headEnd + 4, end)
  const code = /^\{"error":"(ERR_\w+)"\}$/.exec(body)?.[1]
  const mustRetry = status === 503 && !/\r\nretry-after: \d+/i.test(headers)
  const words = [status, code, mustRetry && 'without Retry-After', status === 200 && body !== '' && body]
  return { status, name: words.filter(Boolean).join(' '), end }
}

/** A keep-alive connection that sends one request after the other, and is opened anew when the server closed it. */
class Connection {
  /** @type {import('node:net').Socket | undefined} */
  #socket
  /** @type {{ resolve: (answer: Answer) => void, reject: (error: Error) => void, at: number } | undefined} */
  #asked
  #text = ''

  /** @param {number} port */
  constructor(port) {
    this.port = port
  }

  /**
   * Sends a request that is whole, and gives its answer. Rejects when the connection ends before, or nothing comes.
   * @param {string | Buffer} request
   * @returns {Promise<Answer>}
   */
  send(request) {
    this.#socket ??= this.#open()
    this.#socket.write(request)
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject, at: Date.now() }
    })
  }

  close() {
    this.#socket?.destroy()
  }

  /** Gives up a request that was never answered. */
  check() {
    if (this.#asked !== undefined && Date.now() - this.#asked.at > UNANSWERED_MS) this.#socket?.destroy()
  }

  #open() {
    const socket = connect(this.port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('data', (/** @type {any} */ text) => this.#read(text))
    socket.on('close', () => {
      this.#socket = undefined
      this.#text = ''
      const asked = this.#asked
      this.#asked = undefined
      asked?.reject(new Error('the connection ended without an answer'))
    })
    return socket
  }

  /** The server closes a connection on which a body was too slow. */
  #leave() {
    this.#socket?.removeAllListeners('close')
    this.#socket?.destroy()
    this.#socket = undefined
    this.#text = ''
  }

  /** @param {string} text */
  #read(text) {
    this.#text += text
    const answer = readAnswer(this.#text)
    if (answer === undefined) return
    this.#text = this.#text.slice(answer.end)
    const asked = this.#asked
    this.#asked = undefined
    if (answer.status === 408) this.#leave()
    asked?.resolve(answer)
  }
}

/**
 * A connection of its own for one request that is written by hand; resolves with the answer, with undefined when the
 * connection ended without one, and with false when it ended before anything was written.
 * @param {number} port
 * @param {(socket: import('node:net').Socket) => void} write
 * @param {Set<import('node:net').Socket>} [open] where it stands as long as it is open
 * @returns {Promise<Answer | undefined | false>}
 */
function exchange(port, write, open) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let isWritten = false
    open?.add(socket)
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('connect', () => {
      isWritten = true
      write(socket)
    })
    socket.on('data', (chunk) => {
      text += chunk
      const answer = readAnswer(text)
      if (answer === undefined) return
      resolve(answer)
      socket.destroy()
    })
    socket.on('close', () => {
      open?.delete(socket)
      resolve(isWritten ? undefined : false)
    })
  })
}

/**
 * The text of a POST; a body that is no text comes as a Buffer.
 * @param {string} path
 * @param {string | Buffer} body
 * @param {Record<string, string>} [headers]
 * @returns {Buffer}
 */
function post(path, body, headers = {}) {
  const bytes = Buffer.from(body)
  return Buffer.concat([head('POST', path, { 'content-length': String(bytes.length), ...headers }), bytes])
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
function head(method, path, headers = {}) {
  const all = { host: '127.0.0.1', 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
}

module.exports = { Connection, exchange, post, head }
