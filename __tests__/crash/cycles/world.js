'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { configOf } = require('../config.cjs')
const { createFacts, paintingOf } = require('./facts')
const { warmUp } = require('./instance')
const { KEPT } = require('./options')
const { openService } = require('./service')

/** How often a callback comes a second time, with another result, and a wait is asked for once more. */
const AGAIN_SHARE = 0.1
const CALLBACK_MS = 800
const RETRY_MS = 20

/**
 * Opens one store, one service and the instances of an app.
 * @param {object} store the `store` of the config
 * @param {() => number} random from 0 to 1
 * @param {string} [park] for how long a callback is kept that nobody waits for yet
 */
async function openWorld(store, random, park = KEPT) {
  const facts = createFacts()
  /** @type {import('./instance').Instance[]} */
  const instances = []
  /** @type {Record<string, number>} what was refused, by code */
  const refused = {}
  let isOver = false
  /** @type {Promise<void>} */
  let gate = Promise.resolve()
  let release = () => {}
  let isHurried = false

  const service = await openService({
    onOrder(run) {
      if (facts.sent(run, 'paint')) void callBack(run)
    },
    onReport(run, painting) {
      facts.sent(run, 'report', painting)
      const fact = facts.open.get(run)
      if (fact) facts.settle(fact)
    },
  })
  const config = configOf(service.origin, { ...store, park: { for: park } })

  /** @param {any} line @param {import('./instance').Instance} teller */
  function onLine({ is, task, job, status, level, message }, teller) {
    if (is === 'job' && job === 'paint' && status === 'waiting') facts.recordedBy(task, 'paint')
    if (is === 'job' && job === 'report' && status === 'succeeded') facts.recordedBy(task, 'report')
    if (is === 'task' && (status === 'succeeded' || status === 'failed')) facts.endedBy(task, teller)
    if (is === 'log' && level === 'error') console.error(`${message}`)
  }

  const pick = () => {
    const live = instances.filter((one) => one.isLive())
    return live[Math.floor(random() * live.length)]
  }

  /** Asks one instance after another until one of them answers 200. @param {string} path @param {object} body */
  async function insist(path, body) {
    while (!isOver) {
      const answer = await pick()?.ask(path, body)
      if (answer?.status === 200) return answer
      if (answer?.status !== undefined) {
        const code = answer.body?.error ?? answer.status
        refused[code] = (refused[code] ?? 0) + 1
      }
      await sleep(RETRY_MS)
    }
    return undefined
  }

  /** The service calls back for a painting until that is acknowledged, and sometimes once more. @param {string} name */
  async function callBack(name) {
    await gate
    await sleep(isHurried ? 0 : random() * CALLBACK_MS)
    const fact = facts.open.get(name)
    const answer = await insist('/done', { task: name, painting: paintingOf(name, 1) })
    if (answer === undefined) return
    facts.counts.acknowledged += 1
    if (fact) fact.isAcknowledged = true
    if (random() < AGAIN_SHARE) await pick()?.ask('/done', { task: name, painting: paintingOf(name, 2) })
  }

  /** Reads the end of a run at an instance that has not ended it itself. @param {import('./facts').Fact} fact @param {string} task */
  async function confirm(fact, task) {
    while (!isOver) {
      const told = facts.tellersOf(task)
      const other = instances.find((one) => one.isLive() && !told.includes(one))
      const answer = told.length > 0 ? await other?.ask(`/task/${task}`) : undefined
      if (answer?.body?.status === 'succeeded' || answer?.body?.status === 'failed') {
        fact.results.push(String(answer.body.output?.painting))
        return facts.stored(fact)
      }
      await sleep(RETRY_MS * 5)
    }
  }

  return {
    facts,
    refused,
    instances,
    /** A process that waits to be the next instance. */
    warmUp: () => warmUp(config, onLine),
    /** Starts a run at an instance. @param {string} name @param {import('./instance').Instance} at */
    async submit(name, at) {
      const fact = facts.begin(name, 'run')
      const { status, body } = await at.ask('/submit', { run: name })
      if (status !== 200) return
      fact.task = String(body.id)
      await confirm(fact, fact.task)
    },
    /** Waits by key at an instance, and at others when that one is gone. @param {string} name @param {import('./instance').Instance} at */
    async wait(name, at) {
      const fact = facts.begin(name, 'wait')
      const asked = { id: name, key: name }
      void callBack(name)
      const hear = (/** @type {{ body: any } | undefined} */ told) =>
        void (told && fact.results.push(String(told.body.result?.painting)))
      const answer = await at.ask('/wait', asked)
      hear(answer.status === 200 ? answer : await insist('/wait', asked))
      if (random() < AGAIN_SHARE) {
        fact.asked += 1
        hear(await insist('/wait', asked))
      }
      facts.settle(fact)
    },
    /** From now on the service calls back when it is released, then at once. */
    hold() {
      isHurried = true
      gate = new Promise((resolve) => void (release = resolve))
    },
    release: () => release(),
    /** Ends everything, and returns what was found. */
    async close() {
      isOver = true
      await Promise.all(instances.map((one) => one.end('SIGKILL')))
      await service.close()
      facts.close()
      return { ...facts.counts, refused, found: facts.found }
    },
  }
}

module.exports = { openWorld }
