import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parsePage, readPages, ROOT } from './pages'

/** The most lines of a page; what is longer is cut into two. */
const MAX_LINES = 350

/** The longest line of text, and the longest row of a table, which cannot be wrapped. */
const MAX_LINE = 200
const MAX_ROW = 230

const pages = readPages()
const written = pages.filter(({ path }) => path !== 'CHANGELOG.md')

describe('how pages are read', () => {
  const page = parsePage(
    'a/README.md',
    [
      '# The `first: one`, or "more"',
      '[one](b.md#x) and `[no](link)`',
      '```js',
      '# [no](heading)',
      '```',
      "## It's [a link](https://a.example)?",
      '```js',
      'one()',
      '```',
      '```js',
      'two()',
      '```',
      "## It's a link!",
    ].join('\n'),
  )

  test('links and headings stand outside of code', () => {
    expect(page.links).toEqual(['b.md#x', 'https://a.example'])
    expect([...page.anchors]).toEqual(['the-first-one-or-more', 'its-a-link', 'its-a-link-1'])
  })

  test('a block has the name of its page, heading and language', () => {
    expect(page.blocks.map(({ name, code }) => [name, code])).toEqual([
      ['a/README.md > The `first: one`, or "more" > js', '# [no](heading)\n'],
      ["a/README.md > It's [a link](https://a.example)? > js", 'one()\n'],
      ["a/README.md > It's [a link](https://a.example)? > js 2", 'two()\n'],
    ])
  })

  test('a block that does not end is an error', () => {
    expect(() => parsePage('a.md', '```js\none()\n')).toThrow('a.md:1 begins a block that does not end')
  })
})

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, page) => {
  test('has links that lead somewhere', () => {
    expect(page.links.filter((link) => !leads(path, link))).toEqual([])
  })
})

describe.each(written.map((page) => [page.path, page.lines] as const))('%s', (_, lines) => {
  test(`has at most ${MAX_LINES} lines, none of which is too long to read`, () => {
    expect(lines.length).toBeLessThanOrEqual(MAX_LINES)
    const isTable = (line: string): boolean => line.startsWith('|')
    // The table of schemes is written by a test, and has rows of any length.
    const isScheme = (line: string): boolean => /^\| `[\w-]+` \| .* \| \[page\]\(https:\S+\) \|$/.test(line)
    const long = lines.filter((line) => line.length > (isTable(line) ? MAX_ROW : MAX_LINE) && !isScheme(line))
    expect(long).toEqual([])
  })
})

function leads(from: string, link: string): boolean {
  if (link.includes(':')) return URL.canParse(link) && new URL(link).protocol === 'https:'
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? from : posix.join(posix.dirname(from), file)
  if (!existsSync(posix.join(ROOT, target))) return false
  if (anchor === undefined) return true
  return pages.some((page) => page.path === target && page.anchors.has(anchor))
}
