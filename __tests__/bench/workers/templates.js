'use strict'

// One way to read values out of a callback, alone in a process: what was compiled for another candidate would be in its
// way. Prints the nanoseconds of one evaluation.

const { join } = require('node:path')

const [shape = '', candidate = '', lib = '', milliseconds = ''] = process.argv.slice(2)
const SCOPES = 64
const SPECS = 500
const SINK = 1024

const FIELDS = [
  ['url', 'result.image.url'],
  ['width', 'result.image.width'],
  ['height', 'result.image.height'],
  ['seed', 'result.meta.seed'],
]

/** What the templates say, per shape. */
const TEMPLATES = {
  path: '${body.result.image.url}',
  object: toMapping(FIELDS),
  text: 'image: ${body.result.image.url}',
}

const READ = {
  /** @param {any} scope */
  path: (scope) => scope.body?.result?.image?.url ?? null,
  /** @param {any} scope */
  object: (scope) => ({
    url: scope.body?.result?.image?.url ?? null,
    width: scope.body?.result?.image?.width ?? null,
    height: scope.body?.result?.image?.height ?? null,
    seed: scope.body?.result?.meta?.seed ?? null,
  }),
  /** @param {any} scope */
  text: (scope) => `image: ${scope.body?.result?.image?.url ?? ''}`,
}

/** @typedef {(scope: any) => unknown} Evaluate */

/**
 * A mapping whose fields are read one by one.
 * @param {string[][]} paths name and path of each field
 * @param {(path: string) => (body: any) => unknown} compilePath
 * @returns {Evaluate}
 */
function fieldsByLibrary(paths, compilePath) {
  const fields = paths.map(([key = '', path = '']) => ({ key, read: compilePath(path) }))
  return ({ body }) => {
    /** @type {Record<string, unknown>} */
    const object = {}
    for (const { key, read } of fields) object[key] = read(body)
    return object
  }
}

/**
 * The same three shapes, read by a library that gets a value by its path.
 * @param {(path: string) => (body: any) => unknown} compilePath
 * @returns {Evaluate}
 */
function byLibrary(compilePath) {
  if (shape === 'object') return fieldsByLibrary(FIELDS, compilePath)
  const read = compilePath('result.image.url')
  return shape === 'path' ? ({ body }) => read(body) : ({ body }) => `image: ${String(read(body))}`
}

function jsonPath() {
  const { JSONPath } = require('jsonpath-plus')
  return (/** @type {string} */ path) => (/** @type {any} */ json) =>
    JSONPath({ path: `$.${path}`, json, eval: false, wrap: false })
}

/** One instance for all, which skips what jsonpath-plus does in its constructor. */
function jsonPathReused() {
  const { JSONPath } = require('jsonpath-plus')
  const instance = new JSONPath({ autostart: false, eval: false, wrap: false })
  return (/** @type {string} */ name) => {
    const path = `$.${name}`
    return (/** @type {any} */ json) => instance.evaluate({ path, json })
  }
}

function lodash() {
  const { get } = require('lodash')
  return (/** @type {string} */ path) => (/** @type {any} */ body) => get(body, path)
}

/** With paths that were split beforehand: of those that it splits itself, lodash remembers 500. */
function lodashSplit() {
  const { get } = require('lodash')
  return (/** @type {string} */ path) => {
    const names = path.split('.')
    return (/** @type {any} */ body) => get(body, names)
  }
}

/** What reads a path, by candidate: first the path, then the value to read it from. */
const LIBRARIES = {
  'jsonpath-plus': jsonPath,
  'jsonpath-plus-reused': jsonPathReused,
  lodash,
  'lodash-split': lodashSplit,
}

/** @param {string[][]} fields */
function toMapping(fields) {
  return Object.fromEntries(fields.map(([key, path]) => [key, `\${body.${path}}`]))
}

/** @param {unknown} source */
function compile(source) {
  return require(join(lib, 'template/compile.js')).compileTemplate(source, { at: 'bench' }).render
}

/** @returns {Evaluate} */
function createEvaluate() {
  if (candidate === 'ours') return compile(TEMPLATES[shape])
  return candidate === 'hand-written' ? READ[shape] : byLibrary(LIBRARIES[candidate]())
}

/** 500 specs of four fields, all with names of their own, each with its own body. */
function createSpecs() {
  const library = LIBRARIES[candidate]?.()
  return Array.from({ length: SPECS }, (_, number) => {
    const names = Array.from({ length: 4 }, (__, field) => `f${number}_${field}`)
    const fields = names.map((name) => [`out_${name}`, [`r${number}`, `d${number}`, name].join('.')])
    const leaf = Object.fromEntries(names.map((name) => [name, `value of ${name}`]))
    const body = JSON.parse(JSON.stringify({ [`r${number}`]: { [`d${number}`]: leaf } }))
    return { scope: { body }, evaluate: library ? fieldsByLibrary(fields, library) : compile(toMapping(fields)) }
  })
}

/** @param {number} number */
function createScope(number) {
  const image = { url: `https://cdn.example.com/o/${number}.png`, width: 1024, height: 768 }
  const body = JSON.stringify({
    taskId: `task-${number}`,
    status: 'COMPLETED',
    result: { image, meta: { seed: number } },
  })
  return { item: undefined, index: 0, body: JSON.parse(body), params: {}, env: {} }
}

/** Keeps results, so that V8 cannot leave out making them. */
const sink = Array.from({ length: SINK })

/** @returns {{ loop: (times: number) => void, sample: () => unknown }} */
function createLoop() {
  if (shape === 'specs') {
    const specs = createSpecs()
    return {
      sample: () => specs[1].evaluate(specs[1].scope),
      loop(times) {
        for (let index = 0; index < times; index += 1) {
          const { scope, evaluate } = specs[index % SPECS]
          sink[index % SINK] = evaluate(scope)
        }
      },
    }
  }
  const evaluate = createEvaluate()
  const scopes = Array.from({ length: SCOPES }, (_, number) => createScope(number))
  return {
    sample: () => evaluate(scopes[1]),
    loop(times) {
      for (let index = 0; index < times; index += 1) sink[index % SINK] = evaluate(scopes[index % SCOPES])
    },
  }
}

const { loop, sample } = createLoop()

/**
 * Runs for so many milliseconds and gives the nanoseconds of one evaluation.
 * @param {number} forMs
 */
function time(forMs) {
  let times = SPECS
  for (;;) {
    const start = process.hrtime.bigint()
    loop(times)
    const elapsed = Number(process.hrtime.bigint() - start)
    if (elapsed >= forMs * 1e6) return elapsed / times
    times = Math.ceil(times * Math.min(10, Math.max(1.5, (forMs * 1.2e6) / elapsed)))
  }
}

time(Number(milliseconds))
const nanoseconds = time(Number(milliseconds))
if (sink.every((value) => value === undefined || value === null)) throw new Error('nothing was read')
process.stdout.write(JSON.stringify({ nanoseconds, sample: sample() }))
