// Plays a print shop in a process of its own: it takes an order, and tells later that it is printed.
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const shop = express()

shop.use(express.json())

shop.post('/orders', async (request, response) => {
  const { order, text, tell } = request.body
  response.status(202).json({ order })
  await pause(200)
  await callBack(tell, { order, pages: text.split(' ').length, told_at: new URL(tell).pathname })
})

async function callBack(url, body) {
  try {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.PRINT_TOKEN}` },
      body: JSON.stringify(body),
    })
  } catch {
    // Nobody is there any more. A real shop would try again later.
  }
}

process.on('disconnect', () => process.exit()) // when whoever forked it ends, however that ends

const server = shop.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }))
