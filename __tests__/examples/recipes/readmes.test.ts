import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const EXAMPLES = join(__dirname, '..', '..', '..', 'examples')
const LAST = '## What you see when it goes wrong'

const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const listed = read('README.md').split('## How it works')[0] ?? ''
const recipes = [...listed.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name = '']) => name)

function read(...path: readonly string[]): string {
  return readFileSync(join(EXAMPLES, ...path), 'utf8')
}

test('the page of examples has one line for each folder', () => {
  const lines = [...read('README.md').matchAll(/^\| \[([\w-]+)\]\(([\w-]+)\/README\.md\) \| \S.*\|$/gm)].map(
    ([, name = '', path = '']) => ({ name, path }),
  )
  expect(lines.map(({ name }) => name).toSorted()).toEqual(folders.toSorted())
  expect(lines.every(({ name, path }) => name === path)).toBe(true)
})

describe.each(recipes)('the recipe %s', (name) => {
  const page = read(name, 'README.md')
  const app = read(name, 'app.mjs')

  test('has a short page that ends with what goes wrong', () => {
    expect(page.split('\n').length).toBeLessThanOrEqual(61)
    const headings = page.split('\n').filter((line) => line.startsWith('## '))
    expect(headings.at(-1)).toBe(LAST)
    expect(page.split(LAST)[1]?.match(/^\| `?.+ \| .+ \|$/gm)?.length).toBeGreaterThanOrEqual(4)
  })

  test('says how it runs in a checkout and with the package', () => {
    const head = app.split('\n').slice(0, 8).join('\n')
    expect(head).toContain(`node examples/${name}/app.mjs`)
    expect(head).toContain(`cp -r node_modules/express-callbacks/examples/${name} .`)
  })

  test('names each variable that it reads', () => {
    const config = existsSync(join(EXAMPLES, name, 'callbacks.yml')) ? read(name, 'callbacks.yml') : ''
    const variables = [...`${config}${app}`.matchAll(/\benv\.([A-Z_]+)/g)].map(([, variable = '']) => variable)
    expect([...new Set(variables)].filter((variable) => !page.includes(`\`${variable}\``))).toEqual([])
  })

  test('has its test', () => {
    expect(existsSync(join(__dirname, `${name}.test.ts`)) || existsSync(join(__dirname, `${name}.slow.ts`))).toBe(true)
  })

  test('links to what exists', () => {
    const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(EXAMPLES, name, link)))).toEqual([])
  })
})
