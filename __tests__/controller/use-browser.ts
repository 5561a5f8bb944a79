import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Where Debian's chromium is; undefined where it is not installed. */
export function findChromium(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** A page that is open, and what its browser complained of. */
export interface OpenPage {
  readonly page: Page
  /** Messages of its console that are errors, errors of its scripts, and dialogs of scripts. */
  readonly complaints: readonly string[]
}

export interface Browsers {
  /** Opens a page; afterwards it asked no other host for anything, and its browser complained of nothing unexpected. */
  open(url: string, options?: BrowserContextOptions & { readonly expected?: RegExp }): Promise<OpenPage>
}

/** Starts one chromium for the tests of a file; each page has cookies and storage of its own. */
export function useBrowser(executablePath: string | undefined): Browsers {
  let browser: Browser | undefined
  let endings: (() => Promise<void>)[] = []

  beforeAll(async () => {
    if (executablePath === undefined) return
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterEach(async () => {
    const ending = endings
    endings = []
    for (const end of ending) await end()
  })
  afterAll(async () => browser?.close())

  return {
    async open(url, { expected = /$^/, ...options } = {}) {
      if (browser === undefined) throw new Error('There is no browser')
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      context.setDefaultTimeout(10_000)
      const page = await context.newPage()
      const complaints: string[] = []
      const foreign: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('request', (request) => {
        const asked = new URL(request.url())
        if (asked.protocol !== 'data:' && asked.origin !== new URL(url).origin) foreign.push(request.url())
      })
      endings.push(async () => {
        await context.close()
        expect({ complaints, foreign }).toEqual({ complaints: [], foreign: [] })
      })
      await page.goto(url)
      return { page, complaints }
    },
  }
}
