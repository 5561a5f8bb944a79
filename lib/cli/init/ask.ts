import { createInterface } from 'node:readline'
import type { Io } from '../io'
import { UsageError } from '../syntax/usage-error'

/** One question with numbered answers. */
export interface Question<T extends string> {
  readonly text: string
  /** Each answer with its description; the first one is the default. */
  readonly answers: Readonly<Record<T, string>>
}

/** Asks a person at a terminal. */
export interface Asking {
  /** Resolves with the name of the answer; asks again for what is none. Throws a UsageError when the input ends. */
  ask<T extends string>(question: Question<T>): Promise<T>
  close(): void
}

/** Begins to ask. Ctrl-C stays a signal, since the terminal keeps its own line editing. */
export function createAsking({ stdin, stdout }: Pick<Io, 'stdin' | 'stdout'>): Asking {
  const lines = createInterface({ input: stdin, terminal: false })
  const answers = lines[Symbol.asyncIterator]()

  async function ask<T extends string>({ text, answers: choices }: Question<T>): Promise<T> {
    const names = Object.keys(choices).filter((name): name is T => Object.hasOwn(choices, name))
    const width = Math.max(...names.map((name) => name.length))
    const list = names.map((name, index) => `${String(index + 1).padStart(4)}) ${name.padEnd(width)}  ${choices[name]}`)
    stdout.write(`${[text, ...list].join('\n')}\n`)
    for (;;) {
      stdout.write(`1 to ${names.length}, or a name (Enter: ${names[0]}): `)
      const { value, done } = await answers.next()
      if (done === true) throw new UsageError('The input ended before every question was answered; nothing was written')
      const given = value.trim().toLowerCase()
      const chosen = given === '' ? names[0] : (names.find((name) => name === given) ?? names[numberOf(given) - 1])
      if (chosen !== undefined) return chosen
    }
  }

  return { ask, close: () => lines.close() }
}

function numberOf(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : 0
}
