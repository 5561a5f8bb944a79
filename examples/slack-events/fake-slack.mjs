// Plays Slack in a process of its own: it checks a Request URL, delivers events to it, and takes messages of bots.
import { createHmac, randomUUID } from 'node:crypto'
import express from 'express'

const slack = express()

slack.use(express.json())

slack.post('/api/chat.postMessage', (request, response) => {
  const isKnown = request.headers.authorization === 'Bearer xoxb-example'
  response.json(isKnown ? { ok: true } : { ok: false, error: 'invalid_auth' })
  const { channel, text } = request.body
  process.send({ kind: 'message', channel, text, isKnown })
})

process.on('message', async ({ requestUrl, text }) => {
  const challenge = randomUUID()
  const check = await deliver(requestUrl, { type: 'url_verification', token: 'old', challenge })
  process.send({ kind: 'verified', isRight: (await check.text()) === challenge })

  const event = { type: 'message', client_msg_id: randomUUID(), channel: 'C024BE91L', user: 'U2147483697', text }
  const first = await deliver(requestUrl, { type: 'event_callback', event })
  process.send({ kind: 'delivered', status: first.status })
  const again = await deliver(requestUrl, { type: 'event_callback', event }) // Slack repeats what it is not sure of
  process.send({ kind: 'delivered', status: again.status })
})

// Signs as https://docs.slack.dev/authentication/verifying-requests-from-slack says.
function deliver(url, event) {
  const body = JSON.stringify(event)
  const seconds = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', 'example-secret').update(`v0:${seconds}:${body}`).digest('hex')
  const headers = {
    'content-type': 'application/json',
    'x-slack-request-timestamp': seconds,
    'x-slack-signature': `v0=${signature}`,
  }
  return fetch(url, { method: 'POST', headers, body })
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = slack.listen(0, '127.0.0.1', () => {
  process.send({ kind: 'ready', url: `http://127.0.0.1:${server.address().port}/api` })
})
