// Starts a Slack of its own and the bot, lets Slack deliver an event twice, and says what becomes of it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'

const slack = fork(new URL('fake-slack.mjs', import.meta.url))
const [{ url }] = await once(slack, 'message')
const env = { SLACK_API: url, SLACK_BOT_TOKEN: 'xoxb-example', SLACK_SIGNING_SECRET: 'example-secret', PORT: '0' }
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env }))

hooks.on('started', ({ id }) => say('bot', `event ${id} starts the workflow`))
hooks.on('duplicate', ({ id }) => say('bot', `event ${id} came again, and starts nothing`))

try {
  const { ports } = await hooks.listen()
  const requestUrl = `http://127.0.0.1:${ports[0]}/slack/events`
  say('bot', `listens on ${requestUrl}`)
  const answered = heardAll()
  slack.send({ requestUrl, text: 'hello' })
  await answered
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close({ drain: '5s' })
  slack.kill()
}

/** Resolves when Slack has verified the URL, delivered the event twice, and has the bot's message. */
function heardAll() {
  const left = new Set(['verified', 'delivered', 'message'])
  let deliveries = 0
  return new Promise((resolve) => {
    slack.on('message', (news) => {
      say('slack', describe(news))
      if (news.kind === 'delivered') deliveries += 1
      if (news.kind !== 'delivered' || deliveries === 2) left.delete(news.kind)
      if (left.size === 0) resolve()
    })
  })
}

function describe({ kind, isRight, status, channel, text, isKnown }) {
  if (kind === 'verified')
    return isRight ? 'the Request URL is verified' : 'the Request URL gave another challenge back'
  if (kind === 'delivered') return `the event was answered with ${status}`
  return isKnown ? `in ${channel} the bot says: ${text}` : 'a message with a wrong token'
}

function say(who, what) {
  console.log(who.padEnd(6), what)
}
