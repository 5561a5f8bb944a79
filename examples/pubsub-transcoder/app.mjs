// POST /videos starts a job of Google's Transcoder API, waits for its message by Pub/Sub, and answers with its output.
// In a checkout: npm ci && npm run build, then node examples/pubsub-transcoder/app.mjs
// With the package: npm install express express-callbacks google-auth-library,
// cp -r node_modules/express-callbacks/examples/pubsub-transcoder ., then node pubsub-transcoder/app.mjs.
// Its variables stand in README.md.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { argv, env, loadEnvFile } from 'node:process'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'
import { GoogleAuth, OAuth2Client } from 'google-auth-library'

/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */
export function createApp(options) {
  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), options)
  const transporterOptions = { fetchImplementation: options.fetch }
  const tokens = new OAuth2Client({ transporterOptions })
  const scopes = 'https://www.googleapis.com/auth/cloud-platform'
  const google = new GoogleAuth({ scopes, clientOptions: { transporterOptions } })
  const app = express()

  // Whoever has an account at Google gets tokens: audience and address say that it is your subscription.
  app.use('/pubsub', async (request, response, next) => {
    try {
      const idToken = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      const ticket = await tokens.verifyIdToken({ idToken, audience: env.PUSH_AUDIENCE })
      const { email, email_verified } = ticket.getPayload()
      if (email !== env.PUSH_ACCOUNT || !email_verified) throw new Error(`it is a token of ${email}`)
    } catch (error) {
      options.logger?.warn(`POST /pubsub refused a callback: ${error.message.split(':')[0]}`)
      return response.status(401).end()
    }
    next()
  })
  app.use(hooks) // before express.json(): callbacks read their bodies themselves
  app.use(express.json())

  app.post('/videos', async (request, response, next) => {
    try {
      const { input, output } = request.body
      const parent = `projects/${env.GOOGLE_PROJECT}/locations/${env.GOOGLE_REGION}`
      const config = { ...PRESET, pubsubDestination: { topic: env.PUBSUB_TOPIC } }
      const { data: job } = await google.request({
        url: `https://transcoder.googleapis.com/v1/${parent}/jobs`,
        method: 'POST',
        data: { inputUri: input, outputUri: output, config },
      })
      await hooks.wait(job.name, { timeout: '2h' }) // a message that came first is kept, and taken now
      response.json({ job: job.name, output })
    } catch (error) {
      next(error) // Express 4 does not do it by itself
    }
  })

  app.use((error, _request, response, next) => {
    if (response.headersSent) return next(error)
    response.status(502).json({ error: error.code ?? error.name, message: error.message })
  })

  return { app, hooks }
}

/** One MP4 in standard definition. */
const PRESET = {
  elementaryStreams: [
    {
      key: 'video',
      videoStream: { h264: { widthPixels: 640, heightPixels: 360, bitrateBps: 550000, frameRate: 30 } },
    },
    { key: 'audio', audioStream: { codec: 'aac', bitrateBps: 64000 } },
  ],
  muxStreams: [{ key: 'sd', container: 'mp4', elementaryStreams: ['video', 'audio'] }],
}

// Not when a test imports this file.
if (import.meta.filename === argv[1]) {
  const file = join(import.meta.dirname, '.env')
  if (existsSync(file)) loadEnvFile(file) // for the package of Google, too
  const { app, hooks } = createApp({ logger: console })
  app.listen(8090, () => hooks.open())
}
