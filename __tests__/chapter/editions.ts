import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '@jest/globals'
import { parseConfig, type Source } from '../../lib'
import { createDocument, createSource } from '../../lib/config/read/source'

const CHAPTER = join(__dirname, '../../../shared/chapter-13.md')
const FIXTURES = join(__dirname, '../fixtures/chapter')

/** The variables that the chapter and the fixtures read. */
export const ENV = {
  SSH_PASSWORD: 'open sesame',
  SLACK_BOT_TOKEN: 'xoxb-1',
  IMAGE_AI_KEY: 'image-key',
  IMAGEOPTIM_KEY: 'optim-key',
  JUMP_PASSWORD: 'open sesame',
  CHAT_TOKEN: 'chat-1',
  PAINT_KEY: 'paint-key',
  PRESS_KEY: 'press-key',
}

/** The chapter that this package implements; undefined when it is not beside the checkout. */
export const chapter = existsSync(CHAPTER) ? readFileSync(CHAPTER, 'utf8') : undefined

/** Describes what needs the chapter; skipped, aloud, when the chapter is not there. */
export function describeChapter(title: string, tests: () => void): void {
  if (chapter === undefined) describe.skip(`${title} (skipped: ../shared/chapter-13.md)`, tests)
  else describe(title, tests)
}

/** Its blocks of YAML in their order. */
export const blocks: readonly string[] = [...(chapter ?? '').matchAll(/^```yaml\n(.*?)^```/gms)].map(
  ([, text = '']) => text,
)

/** Gives a config as it is written, or with parts of another one laid over it, as a second file would be. */
export type Config = (more?: object) => Source

/**
 * Describes what a config promises, for each edition of it: a block of the chapter by its number, or a fixture by its
 * name, each with the words in which they differ. Blocks are skipped, aloud, when the chapter is not there.
 */
export function describeEditions<Words>(
  promise: string,
  editions: Readonly<Record<string, Words>>,
  tell: (config: Config, words: Words) => void,
): void {
  for (const [edition, words] of Object.entries(editions)) {
    const isBlock = /^\d+$/.test(edition)
    const name = isBlock ? `block ${edition} of the chapter` : `${edition}.yml`
    const describeIt = isBlock ? describeChapter : describe
    describeIt(`${promise} (${name})`, () => {
      tell((more) => withMore(parseConfig(isBlock ? blockOf(edition) : fixtureOf(edition), { env: ENV }), more), words)
    })
  }
}

/** An example of a request in the chapter: where it goes, and its body. */
export function requestInChapter(line: RegExp): { readonly url: URL; readonly body: unknown } {
  const [, url = '', body = ''] =
    chapter?.match(new RegExp(`^POST (${line.source})\\n[^{]*(\\{.*?)^\`\`\``, 'ms')) ?? []
  return { url: new URL(url), body: JSON.parse(body) }
}

/** The one block of JSON in the chapter. */
export function jsonInChapter(): unknown {
  return JSON.parse(chapter?.match(/^```json\n(.*?)^```/ms)?.[1] ?? '')
}

function withMore(source: Source, more: object | undefined): Source {
  return more === undefined ? source : createSource([...source.documents, createDocument(more)], source.env)
}

function blockOf(number: string): string {
  const block = blocks[Number(number) - 1]
  if (block === undefined) throw new Error(`the chapter has no block ${number}`)
  return block
}

function fixtureOf(name: string): string {
  return readFileSync(join(FIXTURES, `${name}.yml`), 'utf8')
}
