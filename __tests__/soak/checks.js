'use strict'

// What must be so after a run: reads the figures, and measures nothing itself.

const { KEYS, LARGE, LIMITS, OPEN, PATHS, SIGNED } = require('./config')

const MOST_GROWTH = 0.1
/** For how long one body may hold the event loop; longer where the clock is fast, since such runs share their machine. */
const MOST_HELD_MS = 100
/** What a parked callback may take up in memory for each byte that is counted of it. */
const HEAP_PER_BYTE = 2

const FULL = '503 ERR_PARKING_FULL'
const BUSY = '503 ERR_QUEUE_FULL'
const SLOW = '408 ERR_BODY_TIMEOUT'

/** The answers that each kind of request may get, by the beginning of its name (design: the table of answers). */
const ALLOWED = {
  wait: ['201'],
  valid: ['200', BUSY],
  duplicate: ['200', BUSY],
  pending: ['200', BUSY],
  bulk: ['200', BUSY],
  early: ['200', BUSY, FULL],
  'hang-up': ['none'],
  forged: ['401 ERR_UNVERIFIED'],
  'forged, at the open endpoint': ['200', BUSY, FULL],
  malformed: ['400 ERR_BODY_MALFORMED'],
  deep: ['400 ERR_BODY_DEPTH'],
  'unknown encoding': ['415 ERR_BODY_ENCODING'],
  'not packed': ['400 ERR_BODY_ABORTED'],
  'no id': ['200', BUSY],
  'id no text': ['400 ERR_ID', BUSY],
  'no list': ['400 ERR_ITEMS', BUSY],
  'all items bad': ['400 ERR_ITEMS', BUSY],
  oversized: ['413 ERR_BODY_TOO_LARGE'],
  bomb: ['413 ERR_BODY_TOO_LARGE'],
  aborted: ['none'],
  'slow upload': [SLOW, 'none'],
  'hanging connection': ['none', '408'],
  unknown: ['200', BUSY, FULL],
  'room again': ['200'],
  'unknown path': ['404'],
  "the app's own": ['200 own'],
}

/** The answers to callbacks that were read, verified and parsed. */
const RECEIVED = new Set(['200', BUSY, FULL, '400 ERR_ID', '400 ERR_ITEMS', '400 ERR_TEMPLATE'])

/**
 * @typedef {object} Figures
 * @property {number} rate how fast the server's clock was
 * @property {any} client what the client sent and found, see Ledger
 * @property {{ start: number, peak: number, end: number, flood: number[] }} heap in bytes, after collecting but for the peak
 * @property {Record<string, { ms: number, answer: string }>} shapes for how long hostile bodies held the event loop, by what they are made of
 * @property {Record<string, number>} peakParked by endpoint
 * @property {{ before: any, after: any }} stats
 * @property {{ parked: number, errors: number, logged: number }} events
 * @property {string[]} left what kept the process alive after close()
 * @property {number | null} exitCode of the server
 */

/**
 * @param {Figures} figures
 * @returns {{ name: string, ok: boolean, found: string }[]}
 */
function check({ rate, client, heap, shapes, peakParked, stats, events, left, exitCode }) {
  const { wrongs, wrong, lost } = client
  const bound = heap.start * (1 + MOST_GROWTH) + HEAP_PER_BYTE * LIMITS.parkBytes * PATHS.length
  const flooded = Math.max(...heap.flood)
  const full = findFull(client, peakParked)
  const strange = findStrange(client, rate)
  const apart = compareStats({ client, stats, events })
  const slow = findSlow(shapes, MOST_HELD_MS * rate)
  return [
    { name: 'every wait ended', ok: lost.length === 0, found: `${lost.length} did not: ${lost.slice(0, 3)}` },
    {
      name: 'every wait ended as it should',
      ok: wrongs.results === 0,
      found: `${wrongs.results} did not: ${wrong[0]}`,
    },
    { name: 'nothing forged was believed', ok: wrongs.believed === 0, found: `${wrongs.believed} were: ${wrong[0]}` },
    { name: 'every request was answered', ok: wrongs.unanswered === 0, found: `${wrongs.unanswered} not: ${wrong[0]}` },
    { name: 'all answers are in the table', ok: strange.length === 0, found: strange.join('; ') },
    { name: 'the heap did not grow by 10 %', ok: heap.end <= heap.start * (1 + MOST_GROWTH), found: showGrowth(heap) },
    {
      name: 'the heap stayed flat in the flood',
      ok: flooded <= bound,
      found: `${mb(flooded)}, more than ${mb(bound)}`,
    },
    { name: 'parking was full by count and by bytes', ok: full.length === 0, found: full.join('; ') },
    { name: 'stats() agree with what was sent', ok: apart.length === 0, found: apart.join('; ') },
    { name: 'no body held the event loop', ok: slow.length === 0, found: slow.join('; ') },
    { name: 'no bug was logged', ok: events.errors + events.logged === 0, found: JSON.stringify(events) },
    { name: 'close() left nothing open', ok: left.length === 0, found: left.join(', ') },
    { name: 'the process ended by itself', ok: exitCode === 0, found: `exit code ${exitCode}` },
  ]
}

/**
 * Bodies that held the event loop for too long, or were answered as they must not be.
 * @param {Record<string, { ms: number, answer: string }>} shapes
 * @param {number} mostMs
 */
function findSlow(shapes, mostMs) {
  return Object.entries(shapes)
    .filter(([, { ms, answer }]) => ms > mostMs || !/^(?:200|400 ERR_BODY_MALFORMED|400 ERR_BODY_DEPTH)$/.test(answer))
    .map(([name, { ms, answer }]) => `${name} for ${Math.round(ms)} ms (${answer})`)
}

/** @param {{ start: number, end: number }} heap */
function showGrowth({ start, end }) {
  return `from ${mb(start)} to ${mb(end)}`
}

/** @param {number} bytes */
function mb(bytes) {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`
}

/**
 * Answers that a kind must not get, and kinds that were not sent at all. Where the server's clock is fast, a machine that
 * is busy with other things may hold up any body for too long.
 * @param {any} client
 * @param {number} rate
 */
function findStrange({ answers }, rate) {
  const kinds = Object.keys(answers)
  const unsent = Object.keys(ALLOWED).filter((name) => !kinds.some((kind) => nameOf(kind) === name))
  const strange = kinds.flatMap((kind) => {
    const allowed = new Set([...(ALLOWED[nameOf(kind)] ?? []), ...(rate > 1 ? [SLOW] : [])])
    const others = Object.entries(answers[kind]).filter(([answer]) => !allowed.has(answer))
    return others.map(([answer, count]) => `${kind}: ${count} x ${answer}`)
  })
  return [...unsent.map((name) => `${name}: never sent`), ...strange]
}

/** @param {string} kind */
function nameOf(kind) {
  return Object.hasOwn(ALLOWED, kind) ? kind : (kind.split(',')[0] ?? kind)
}

/**
 * The signed endpoint is flooded with many small callbacks, another with large ones.
 * @param {any} client
 * @param {Record<string, number>} peakParked
 */
function findFull({ answers }, peakParked) {
  const { parkMax } = LIMITS
  const taken = ['unknown, signed', 'unknown, large', 'unknown, dense'].filter((kind) => !(answers[kind]?.[FULL] > 0))
  const over = PATHS.filter((path) => !(peakParked[path] <= parkMax))
  return [
    ...taken.map((kind) => `${kind}: all were taken`),
    ...over.map((path) => `${path} held ${peakParked[path]}, more than ${parkMax}`),
    ...(peakParked[SIGNED] === parkMax ? [] : [`${SIGNED} held ${peakParked[SIGNED]}, not ${parkMax}`]),
    ...(peakParked[LARGE] < parkMax ? [] : [`${LARGE} held ${peakParked[LARGE]}, and was not full by its bytes`]),
  ]
}

/**
 * What is counted beside what was sent. A request whose sender left before the answer may have been taken, refused, or
 * not seen at all; a bulk callback that was refused may have been taken in part.
 * @param {Pick<Figures, 'client' | 'stats' | 'events'>} figures
 */
function compareStats({ client, stats, events }) {
  const { counts, waits, endpoints, answers } = client
  const grown = (/** @type {string} */ name, /** @type {string | undefined} */ path) => {
    const [after, before] = [stats.after, stats.before].map((all) => (path ? all.endpoints[KEYS[path]] : all))
    return after[name] - before[name]
  }
  const sum = (/** @type {string} */ path, /** @type {(name: string) => boolean} */ isMeant) =>
    Object.entries(endpoints[path]).reduce((total, [name, count]) => total + (isMeant(name) ? count : 0), 0)
  const isReceived = (/** @type {string} */ name) => RECEIVED.has(name)
  const isRefused = (/** @type {string} */ name) => name !== '200'
  // A list that is refused since one of its items is, counts twice.
  const full = (/** @type {string} */ path) => endpoints[path][FULL] ?? 0
  const refusedOpen = sum(OPEN, isRefused) + counts.badItems + full(OPEN)
  const news = (answers.pending?.['200'] ?? 0) + counts.pending
  const forgotten = events.parked - counts.early
  /** @type {[string, number, number, number][]} */
  const rows = [
    ['received, signed', grown('received', SIGNED), sum(SIGNED, isReceived), counts.hangups],
    ['received, open', grown('received', OPEN), sum(OPEN, isReceived), 0],
    ['received, large', grown('received', LARGE), sum(LARGE, isReceived), 0],
    ['rejected, signed', grown('rejected', SIGNED), sum(SIGNED, isRefused), counts.hangups],
    ['rejected, open', grown('rejected', OPEN), refusedOpen, counts.refusedItems],
    ['rejected, large', grown('rejected', LARGE), sum(LARGE, isRefused) + full(LARGE), 0],
    ['settled', grown('settled', undefined), waits.done, 0],
    ['failed', grown('failed', undefined), waits.failed, 0],
    ['expired', grown('expired', undefined), waits.timedOut + forgotten - counts.excused, counts.excused],
    ['duplicate', grown('duplicate', undefined), counts.duplicates, counts.hangups],
    ['pending', grown('pending', undefined), news, 0],
    ['unidentified', grown('unidentified', undefined), counts.unidentified, 0],
    ['waiting', stats.after.waiting, 0, 0],
    ['parked', stats.after.parked, 0, 0],
  ]
  return rows
    .filter(([, counted, least, more]) => !(counted >= least && counted <= least + more))
    .map(([name, counted, least, more]) => `${name}: ${counted}, but ${least}${more > 0 ? ` to ${least + more}` : ''}`)
}

module.exports = { MOST_HELD_MS, check, mb }
