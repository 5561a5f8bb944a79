import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(__dirname, '..', '..')

/** A block of code in a page. */
export interface Block {
  /** Its page, heading and language, as in `README.md > Start > js`; the second of one heading ends with ` 2`. */
  readonly name: string
  readonly language: string
  readonly code: string
}

/** A page that people read. */
export interface Page {
  /** Its path from the root, with slashes. */
  readonly path: string
  readonly lines: readonly string[]
  readonly blocks: readonly Block[]
  /** What stands behind `#` in a link to one of its headings. */
  readonly anchors: ReadonlySet<string>
  /** Where its links lead, as written. */
  readonly links: readonly string[]
}

/** Reads every page: README.md, the changelog, and the README.md of each folder of code and of each example. */
export function readPages(): readonly Page[] {
  const rooms = ['adapters', 'examples', 'lib'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?:^|\/)README\.md$/.test(file) && !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`),
  )
  return ['README.md', 'CHANGELOG.md', ...rooms.sort()].map((path) =>
    parsePage(path, readFileSync(join(ROOT, path), 'utf8')),
  )
}

/** Parses one page of Markdown; the blocks of code hold no headings and no links. */
export function parsePage(path: string, text: string): Page {
  const lines = text.replace(/\n$/, '').split('\n')
  const blocks: Block[] = []
  const headings: string[] = []
  const prose: string[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const fence = /^```(\S*)$/.exec(line)
    if (!fence) {
      const heading = /^#+ (.*)$/.exec(line)?.[1]
      if (heading !== undefined) headings.push(heading)
      prose.push(line)
      continue
    }
    const end = lines.indexOf('```', index + 1)
    if (end === -1) throw new Error(`${path}:${index + 1} begins a block that does not end`)
    const code = `${lines.slice(index + 1, end).join('\n')}\n`
    blocks.push(nameBlock(`${path} > ${headings.at(-1) ?? ''} > ${fence[1] ?? ''}`, fence[1] ?? '', code, blocks))
    index = end
  }
  const links = [
    ...prose
      .join('\n')
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, to = '']) => to)
  return { path, lines, blocks, anchors: listAnchors(headings), links }
}

function nameBlock(name: string, language: string, code: string, before: readonly Block[]): Block {
  const count = before.filter((block) => block.name.replace(/ \d+$/, '') === name).length
  return { name: count === 0 ? name : `${name} ${count + 1}`, language, code }
}

/** Makes anchors as GitHub does: small letters, no punctuation, hyphens for spaces, a number for each repeat. */
function listAnchors(headings: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const heading of headings) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replaceAll(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-')
    for (let copy = 0; ; copy++) {
      const anchor = copy === 0 ? slug : `${slug}-${copy}`
      if (anchors.has(anchor)) continue
      anchors.add(anchor)
      break
    }
  }
  return anchors
}
