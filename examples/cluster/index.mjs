// Starts a Redis, an image API, two instances of the app and a load balancer before them; kills one instance while six
// workflows wait for their callbacks, and shows how they all end.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { createBalancer } from './balancer.mjs'

const PROMPTS = ['a cat', 'a dog', 'a fox', 'an owl', 'a bee', 'a yak']
const instances = []
const balancer = createBalancer(instances)
const children = []
const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Error('interrupted')))

try {
  await Promise.race([run(), once(stop.signal, 'abort').then(() => stop.signal.throwIfAborted())])
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = stop.signal.aborted ? 130 : 1
} finally {
  stop.abort()
  balancer.close()
  balancer.closeAllConnections()
  for (const child of children.toReversed()) await end(child) // the Redis last
}

async function run() {
  const PREFIX = `cluster-${randomUUID()}`
  const redis = await start('redis.mjs', { PREFIX })
  say('redis', process.env.REDIS_URL ? 'that of REDIS_URL' : redis.url)
  const imageApi = await start('image-api.mjs')
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  const APP_URL = `http://127.0.0.1:${balancer.address().port}`
  const env = { REDIS_URL: redis.url, IMAGE_API: imageApi.url, PREFIX, APP_URL }
  const a = await start('app.mjs', { ...env, NAME: 'A' })
  const b = await start('app.mjs', { ...env, NAME: 'B' })
  instances.push(a.url, b.url)
  say('balancer', `${APP_URL} before A (process ${a.child.pid}) and B (process ${b.child.pid})`)

  const ordered = untilOrdered(imageApi.child)
  const ids = []
  for (const prompt of PROMPTS) {
    const { id, instance } = await ask('POST', `${APP_URL}/images`, { prompt })
    say('client', `${prompt}: task ${id.slice(0, 8)} runs at ${instance}`)
    ids.push(id)
  }
  await ordered

  a.child.kill('SIGKILL')
  await once(a.child, 'exit')
  say('client', 'killed A while all wait; B takes up its tasks in about half a minute')
  imageApi.child.send('paint')

  for (const [index, id] of ids.entries()) say('client', `${PROMPTS[index]}: ${await untilEnded(APP_URL, id)}`)
}

function untilOrdered(imageApi) {
  return new Promise((resolve) => {
    imageApi.on('message', ({ orders }) => orders === PROMPTS.length && resolve())
  })
}

async function untilEnded(appUrl, id) {
  for (;;) {
    const { status, url, reason } = await ask('GET', `${appUrl}/images/${id}`)
    if (status === 'succeeded') return url
    if (status !== 'running') throw new Error(`task ${id} ${status}: ${reason}`)
    await pause(200, undefined, { signal: stop.signal })
  }
}

async function ask(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: stop.signal,
  })
  if (!answer.ok) throw new Error(`${method} ${url} was answered with ${answer.status}`)
  return answer.json()
}

/** Starts a file beside this one in a process of its own; gives that and the first message from it. */
async function start(file, env = {}) {
  stop.signal.throwIfAborted()
  const child = fork(new URL(file, import.meta.url), { env: { ...process.env, ...env } })
  children.push(child)
  const endedEarly = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended too early`)))
  const [{ url, error }] = await Promise.race([once(child, 'message'), endedEarly])
  if (error) throw new Error(error)
  return { child, url }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  await ended
}

function say(who, what) {
  console.log(who.padEnd(11), what)
}
