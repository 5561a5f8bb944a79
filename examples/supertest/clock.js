'use strict'

/** A clock that stands still until a test calls `advance`. */
function createClock() {
  const timers = new Set()
  let now = 0

  return {
    now: () => now,
    setTimeout(callback, delay) {
      const timer = { due: now + delay, callback }
      timers.add(timer)
      return timer
    },
    clearTimeout(timer) {
      timers.delete(timer)
    },
    /** Goes on by so many milliseconds, and fires on the way what is due. */
    advance(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const [next] = [...timers].filter(({ due }) => due <= end).sort((one, other) => one.due - other.due)
        if (next === undefined) break
        timers.delete(next)
        now = next.due
        next.callback()
      }
      now = end
    },
  }
}

module.exports = { createClock }
