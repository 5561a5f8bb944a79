// Plays a payment service and a warehouse in a process of its own. Whoever orders gold cannot pay.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const api = express()
api.use(express.json())

api.post('/payments', async (request, response) => {
  const { order, paid_url, refused_url } = request.body
  const payment = `pay-${order}`
  response.status(202).json({ payment })
  await pause(100)
  if (order === 'gold') return callBack(refused_url, { event: 'payment.refused', payment, reason: 'the card is empty' })
  await callBack(paid_url, { event: 'payment.paid', payment, amount: 12 })
  await callBack(paid_url.replace('/paid', '/billed'), { order, number: 'I-1' })
  await pause(100)
  await callBack(paid_url.replace('/paid', '/packed'), { order, number: 'P-1' })
})

async function callBack(url, body) {
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

process.on('disconnect', () => process.exit()) // when the process that forked it ends, however that ends

const server = api.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
