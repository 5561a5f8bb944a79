'use strict'

/**
 * Lets a worker answer messages, one at a time; it ends when its parent is gone.
 * @param {(message: any) => unknown} answer
 * @param {() => void} [onGone] default: process.exit, so that --cpu-prof writes its file
 */
function answerMessages(answer, onGone = () => process.exit(0)) {
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
  process.once('disconnect', onGone)
}

module.exports = { answerMessages }
