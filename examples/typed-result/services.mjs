// Plays two services in a process of its own. They call back what the app tells them to say, one after the other.
import { once } from 'node:events'
import express from 'express'

const api = express()
api.use(express.json())

api.post('/jobs', async (request, response) => {
  const { id, webhook, says } = request.body
  response.status(202).json({ id })
  for (const result of says) {
    const body = JSON.stringify({ id, result })
    const answer = await fetch(webhook, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    process.send({ sent: `${id} ${JSON.stringify(result)}: ${answer.status}` })
  }
})

process.on('disconnect', () => process.exit()) // when the app ends, however that ends

const server = api.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send({ url: `http://127.0.0.1:${server.address().port}/jobs` })
