// Transcribes three files: the callback of one comes in time, that of one never, and that of one too late.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { callbacks, loadConfig } from 'express-callbacks'

const transcriber = fork(new URL('transcriber.mjs', import.meta.url))
const [{ url }] = await once(transcriber, 'message')
const env = { TRANSCRIBER: url, PORT: '0' }
const hooks = callbacks(loadConfig(join(import.meta.dirname, 'callbacks.yml'), { env }))
const questions = new Map()

transcriber.on('message', ({ asked }) => questions.set(asked, (questions.get(asked) ?? 0) + 1))

try {
  await hooks.listen()
  await transcribe('prompt.mp3', 'job-1')
  await transcribe('lost.mp3', 'job-2')
  const late = new Promise((resolve) => hooks.on('duplicate', resolve))
  await transcribe('late.mp3', 'job-3')
  const { outcome } = await late
  console.log(`the late callback with "${outcome.result}" is a duplicate`)
} catch (error) {
  console.error(`The example failed: ${error.message}`)
  process.exitCode = 1
} finally {
  await hooks.close()
  transcriber.kill()
}

async function transcribe(audio, job) {
  const text = String(await hooks.run({ audio }))
  const how = questions.has(job) ? 'found by asking' : 'brought by its callback'
  console.log(`${audio}: "${text}", ${how}`)
}
