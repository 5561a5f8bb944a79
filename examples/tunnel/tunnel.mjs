// Stands in for a tunnel program: says a URL, and forwards what comes there to a local port.
import { createServer, request } from 'node:http'

const [port] = process.argv.slice(2)

const tunnel = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming
  const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers)
    answer.pipe(outgoing)
  })
  forwarded.on('error', () => outgoing.writeHead(502).end())
  incoming.pipe(forwarded)
})

tunnel.listen(0, '127.0.0.1', () => console.log(`Forwarding http://127.0.0.1:${tunnel.address().port}`))
