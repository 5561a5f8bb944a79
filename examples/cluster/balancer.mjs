// A load balancer as small as can be: every request goes to the next instance, and to another one when that does not answer.
import { createServer, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

export function createBalancer(instances) {
  let turn = 0

  return createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming)
    const first = turn++ % instances.length
    for (const instance of [...instances.slice(first), ...instances.slice(0, first)]) {
      const answer = await send(instance, incoming, body).catch(() => undefined)
      if (answer === undefined) continue
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.pipe(outgoing)
      return
    }
    outgoing.writeHead(502).end()
  })
}

function send(instance, { method, url, headers }, body) {
  return new Promise((resolve, reject) => {
    request(new URL(url, instance), { method, headers, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .end(body)
  })
}
