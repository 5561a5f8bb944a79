// Plays a transcription API in a process of its own. Its callbacks get lost, unless the audio is called "prompt.mp3".
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const api = express()
const jobs = new Map()

api.use(express.json())

api.post('/jobs', async (request, response) => {
  const { audio, webhook } = request.body
  const job = `job-${jobs.size + 1}`
  const text = `what is said in ${audio}`
  jobs.set(job, { job, state: 'running' })
  response.status(202).json({ job })
  await pause(100)
  if (audio === 'prompt.mp3') await callBack(webhook, { job, state: 'done', text })
  await pause(600)
  jobs.set(job, { job, state: 'done', text })
  await pause(400)
  if (audio === 'late.mp3') await callBack(webhook, { job, state: 'done', text })
})

api.get('/jobs/:job', (request, response) => {
  process.send({ asked: request.params.job })
  response.json(jobs.get(request.params.job))
})

async function callBack(url, body) {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    // Whoever waited is gone.
  }
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = api.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
