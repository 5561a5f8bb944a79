// Plays an image API in a process of its own: it answers 202 with an id, and posts the image a moment later.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const api = express()
let tasks = 0

api.use(express.json())

api.post('/images', async (request, response) => {
  const { prompt, callback_url: callbackUrl } = request.body
  tasks += 1
  const taskId = `task-${tasks}`
  response.status(202).json({ task_id: taskId })
  await pause(200)
  const isPossible = prompt !== 'a square circle'
  const done = { task_id: taskId, status: 'completed', url: `https://images.example/${taskId}.png` }
  await callBack(callbackUrl, isPossible ? done : { task_id: taskId, status: 'failed', reason: 'cannot be painted' })
})

async function callBack(url, body) {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    // The app is gone. A real API would try again later.
  }
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = api.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
