// Plays an image API in a process of its own: it answers 202 with a task id, and posts the image a moment later.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const api = express()
let tasks = 0

api.use(express.json())

api.post('/images', async (request, response) => {
  const { prompt, callback_url: callbackUrl } = request.body
  tasks += 1
  const taskId = `task-${tasks}`
  const callBack = () => post(callbackUrl, paint(taskId, prompt))
  const isEarly = prompt === 'a hasty fox'

  if (isEarly) await callBack()
  response.status(202).json({ task_id: taskId })
  if (isEarly) return
  await pause(300)
  await callBack()
  if (prompt === 'two owls') await callBack()
})

function paint(taskId, prompt) {
  if (prompt === 'a square circle') return { task_id: taskId, status: 'failed', reason: 'cannot be painted' }
  return { task_id: taskId, status: 'done', image: { url: `https://images.example/${taskId}.png` } }
}

async function post(url, body) {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    // The host app is gone. A real API would try again later.
  }
}

process.on('disconnect', () => process.exit()) // when the host app ends, however it ends

const server = api.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
