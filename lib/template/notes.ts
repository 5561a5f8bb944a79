import type { Scanner } from './scanner'

const OPEN = '@('
const SPACE = /\s/

/** Whether a note such as `@(description The prompt)` begins at the scanner's position. */
export function atNote(scanner: Scanner): boolean {
  return scanner.peek(OPEN)
}

/**
 * Steps over the notes at the scanner's position, and the space behind them: a note is for people and forms, and has no
 * effect. Parentheses inside it may be nested, quoted or unbalanced.
 */
export function skipNotes(scanner: Scanner): void {
  while (atNote(scanner)) {
    const start = scanner.position
    const rest = scanner.rest()
    const length = measureNote(rest)
    if (length === undefined) throw scanner.error('the closing ")" of "@(" is missing', start)
    scanner.skip(length)
    scanner.skipSpace()
  }
}

/** Free text may hold a lone parenthesis: then the note ends at the first one behind which the placeholder goes on. */
function measureNote(text: string): number | undefined {
  const loose: number[] = []
  let depth = 0
  for (let index = OPEN.length; index < text.length; index += 1) {
    const char = text.charAt(index)
    if (char === '"' || char === "'") index = endOfQuote(text, index)
    else if (char === '(') depth += 1
    else if (char === ')') {
      const isEnd = goesOn(text, index + 1)
      if (depth === 0 && isEnd) return index + 1
      if (isEnd) loose.push(index + 1)
      depth = Math.max(depth - 1, 0)
    }
  }
  return loose[0]
}

/** Whether what follows belongs to the placeholder: its end, a default or another note. */
function goesOn(text: string, from: number): boolean {
  let index = from
  while (SPACE.test(text.charAt(index))) index += 1
  return text.charAt(index) === '}' || text.charAt(index) === '|' || text.startsWith(OPEN, index)
}

/** The place of the closing quote; a quote inside a word, as in `don't`, or one that nothing closes is a character. */
function endOfQuote(text: string, start: number): number {
  const before = text.charAt(start - 1)
  if (before !== '(' && !SPACE.test(before)) return start
  const quote = text.charAt(start)
  const end = text.indexOf(quote, start + 1)
  const behind = text.charAt(end + 1)
  return end !== -1 && (behind === ')' || SPACE.test(behind)) ? end : start
}
