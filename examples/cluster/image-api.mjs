// Plays an image API in a process of its own: it takes orders, and paints them all when it is told to.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const api = express()
const orders = []

api.use(express.json())

api.post('/images', (request, response) => {
  orders.push(request.body)
  response.status(202).json({ status: 'queued' })
  process.send({ orders: orders.length })
})

process.on('message', async () => {
  for (const order of orders.splice(0)) await callBack(order)
})

/** As good services do: again, until it is told that the callback has arrived. */
async function callBack({ prompt, task_id: taskId, callback_url: callbackUrl }) {
  const url = `https://images.example/${encodeURIComponent(prompt)}.png`
  const body = JSON.stringify({ task_id: taskId, status: 'completed', url })
  for (let hasArrived = false; !hasArrived;) {
    hasArrived = await post(callbackUrl, body)
    console.log('image API  ', `${prompt}: the callback ${hasArrived ? 'has arrived' : 'did not arrive'}`)
    if (!hasArrived) await pause(500)
  }
}

async function post(url, body) {
  try {
    return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).ok
  } catch {
    return false
  }
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = api.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
