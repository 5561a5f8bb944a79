import { StringDecoder } from 'node:string_decoder'
import { stripVTControlCharacters } from 'node:util'

/** The longest line that is kept whole, in characters; a longer one comes in pieces. */
const MAX_LINE = 64 * 1024

/** Cuts what a program writes into lines. */
export interface Lines {
  write(chunk: Buffer): void
  /** What is left without a line break is a line too. */
  end(): void
}

/** Gives whole lines, however the text was cut; without line breaks, colours and what else steers a terminal. */
export function createLines(onLine: (line: string) => void): Lines {
  const decoder = new StringDecoder('utf8')
  let rest = ''

  function give(line: string): void {
    onLine(stripVTControlCharacters(line.replace(/\r$/, '')))
  }

  function take(text: string): void {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) give(part)
    while (rest.length > MAX_LINE) {
      give(rest.slice(0, MAX_LINE))
      rest = rest.slice(MAX_LINE)
    }
  }

  return {
    write: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end())
      if (rest !== '') give(rest)
      rest = ''
    },
  }
}
