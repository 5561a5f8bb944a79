// Plays an image API that records spans of its own: it goes on with the trace of the request, and calls back in it.
import { context, propagation, trace } from '@opentelemetry/api'
import express from 'express'

const tracer = trace.getTracer('image-api')

/** Starts the API; resolves to its server. */
export async function startImageApi() {
  const api = express()
  api.use(express.json())
  api.post('/images', (request, response) => {
    response.status(202).json({ status: 'queued' })
    const caller = propagation.extract(context.active(), request.headers)
    void tracer.startActiveSpan('paint the image', {}, caller, async (span) => {
      const { id, prompt, callback_url: url } = request.body
      const headers = { 'content-type': 'application/json' }
      propagation.inject(context.active(), headers)
      span.end()
      await fetch(url, { method: 'POST', headers, body: JSON.stringify(imageOf(id, prompt)) })
    })
  })
  return new Promise((resolve) => {
    const server = api.listen(0, '127.0.0.1', () => resolve(server))
  })
}

function imageOf(id, prompt) {
  return { id, url: `https://images.example/${encodeURIComponent(prompt)}.png` }
}
