// Plays two services in a process of its own: an image API that calls back, and an optimizer that answers at once.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const services = express()

services.use(express.json())

services.post('/generate', async (request, response) => {
  const { prompt, size, callback_url: callbackUrl, task_id: taskId } = request.body
  response.status(202).json({ task_id: taskId, status: 'queued' })
  await pause(300)
  const [width, height] = size.split('x').map(Number)
  const isPossible = prompt !== 'a square circle'
  const url = `https://images.example/${encodeURIComponent(prompt)}.png`
  const done = { task_id: taskId, status: 'completed', output: { url, width, height } }
  await callBack(callbackUrl, isPossible ? done : { task_id: taskId, status: 'failed', reason: 'cannot be painted' })
})

services.post('/optimize', (request, response) => {
  const url = request.body.url.replace('.png', '.webp')
  response.json({ url, original_size: 204_800, compressed_size: 51_200 })
})

async function callBack(url, body) {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    // Whoever waited is gone. A real API would try again later.
  }
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = services.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  if (process.send) process.send({ url })
  else console.log(`The services listen on ${url}`)
})
