'use strict'

// A reporter of Jest: after the tests it lists what was skipped, and what each needs, which stands in its title.

const REASON = /\((?:skipped[:;]?|needs:)\s*(?:needs:\s*)?(.*?)\)|needs(?: a [^:]+)?: (.*)$/

module.exports = class SkippedTests {
  onRunComplete(_contexts, { testResults }) {
    const counts = new Map()
    for (const { fullName, status } of testResults.flatMap((file) => file.testResults)) {
      if (status !== 'pending') continue
      const [, inTitle, atEnd] = REASON.exec(fullName) ?? []
      const reason = inTitle ?? atEnd ?? fullName
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    if (counts.size === 0) return
    process.stderr.write('\nSkipped, and what they need:\n')
    for (const [reason, count] of counts) process.stderr.write(`${String(count).padStart(6)}  ${reason}\n`)
  }
}
