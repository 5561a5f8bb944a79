'use strict'

/**
 * Lets a worker answer messages, one at a time; it ends when its parent is gone.
 * @param {(message: any) => unknown} answer
 */
function answerMessages(answer) {
  let before = Promise.resolve()
  process.on('message', (message) => {
    before = before.then(async () => {
      try {
        process.send?.((await answer(message)) ?? {})
      } catch (error) {
        process.send?.({ error: error instanceof Error ? error.stack : String(error) })
      }
    })
  })
  // process.exit, so that --cpu-prof writes its file.
  process.once('disconnect', () => process.exit(0))
}

module.exports = { answerMessages }
