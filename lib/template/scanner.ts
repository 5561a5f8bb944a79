import { cut } from './excerpt'

/** A template that cannot be parsed; `column` counts from 1 within the text. */
export class TemplateSyntaxError extends Error {
  readonly column: number

  constructor(message: string, text: string, position: number) {
    super(`${message} (column ${position + 1} of ${JSON.stringify(cut(text, LONGEST_QUOTE))})`)
    this.name = 'TemplateSyntaxError'
    this.column = position + 1
  }
}

/** Walks over a text from left to right. */
export interface Scanner {
  readonly position: number
  atEnd(): boolean
  /** Whether `text` stands at the position. */
  peek(text: string): boolean
  peekChar(): string
  /** Steps over `text` when it stands at the position. */
  accept(text: string): boolean
  /** Steps over one code point and returns it; empty at the end. */
  next(): string
  /** Steps over what a sticky pattern finds at the position. */
  match(pattern: RegExp): RegExpExecArray | null
  /** Steps over this many characters. */
  skip(length: number): void
  /** The text from the position to the end. */
  rest(): string
  isSpace(): boolean
  skipSpace(): void
  /** The text from `start` to the position. */
  slice(start: number): string
  error(message: string, position?: number): TemplateSyntaxError
}

const SPACE = /\s*/y
const CODE_UNIT = /u([\da-f]{4})/iy
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
const LONGEST_QUOTE = 120

/** Creates a scanner at the start of `text`. */
export function createScanner(text: string): Scanner {
  let position = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position
    const found = pattern.exec(text)
    if (found) position += found[0].length
    return found
  }
  return {
    get position() {
      return position
    },
    atEnd: () => position >= text.length,
    peek: (expected) => text.startsWith(expected, position),
    peekChar: () => text.charAt(position),
    accept(expected) {
      const found = text.startsWith(expected, position)
      if (found) position += expected.length
      return found
    },
    next() {
      const point = text.codePointAt(position)
      const char = point === undefined ? '' : String.fromCodePoint(point)
      position += char.length
      return char
    },
    match,
    skip: (length) => void (position += length),
    rest: () => text.slice(position),
    isSpace: () => /\s/.test(text.charAt(position)),
    skipSpace: () => void match(SPACE),
    slice: (start) => text.slice(start, position),
    error: (message, at = position) => new TemplateSyntaxError(message, text, at),
  }
}

/** Reads `"text"` or `'text'` at the position, with `\"`, `\'`, `\\`, `\n`, `\r`, `\t` and `\u00e9`; undefined without a quote. */
export function readQuoted(scanner: Scanner): string | undefined {
  const quote = scanner.peekChar()
  if (quote !== '"' && quote !== "'") return undefined
  const start = scanner.position
  scanner.next()
  let text = ''
  while (!scanner.accept(quote)) {
    if (scanner.atEnd()) throw scanner.error(`the closing ${quote} is missing`, start)
    const char = scanner.next()
    text += char === '\\' ? readEscaped(scanner) : char
  }
  return text
}

function readEscaped(scanner: Scanner): string {
  const digits = scanner.match(CODE_UNIT)?.[1]
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16))
  const char = scanner.next()
  return ESCAPES[char] ?? char
}
