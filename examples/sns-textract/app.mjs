// POST /documents has Amazon Textract read a document in S3, waits for its message by SNS, and answers with the lines.
// In a checkout: npm ci && npm run build, then node examples/sns-textract/app.mjs
// With the package: npm install express express-callbacks @aws-sdk/client-textract,
// cp -r node_modules/express-callbacks/examples/sns-textract ., then node sns-textract/app.mjs.
// Its variables stand in README.md.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { argv, env, loadEnvFile } from 'node:process'
import {
  GetDocumentTextDetectionCommand,
  StartDocumentTextDetectionCommand,
  TextractClient,
} from '@aws-sdk/client-textract'
import express from 'express'
import { callbacks, loadConfig } from 'express-callbacks'

/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */
export function createApp(options) {
  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), options)
  const textract = new TextractClient() // region, keys and endpoint are in the environment
  const app = express()
  app.use(hooks) // before express.json(): callbacks read their bodies themselves
  app.use(express.json())

  app.post('/documents', async (request, response, next) => {
    try {
      const { bucket, name } = request.body
      const start = new StartDocumentTextDetectionCommand({
        DocumentLocation: { S3Object: { Bucket: bucket, Name: name } },
        NotificationChannel: { SNSTopicArn: env.SNS_TOPIC, RoleArn: env.SNS_ROLE },
      })
      const { JobId } = await textract.send(start)
      await hooks.wait(JobId, { timeout: '30m' }) // a message that came first is kept, and taken now
      response.json(await readLines(textract, JobId))
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

/** Reads all pages of a result: each answer names the next one. */
async function readLines(textract, JobId) {
  const lines = []
  let NextToken
  do {
    const page = await textract.send(new GetDocumentTextDetectionCommand({ JobId, NextToken }))
    lines.push(...page.Blocks.filter(({ BlockType }) => BlockType === 'LINE').map(({ Text }) => Text))
    NextToken = page.NextToken
  } while (NextToken)
  return lines
}

// Not when a test imports this file.
if (import.meta.filename === argv[1]) {
  const file = join(import.meta.dirname, '.env')
  if (existsSync(file)) loadEnvFile(file) // for the package of Amazon, too
  const { app, hooks } = createApp({ logger: console })
  app.listen(8090, () => hooks.open())
}
