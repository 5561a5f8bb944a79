import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request as sendRequest } from 'node:http'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import axe from 'axe-core'
import express from 'express'
import type { Page } from 'playwright-core'
import type { CallbacksConfig } from '../../lib'
import { VERDICTS } from '../../lib/deliveries/delivery'
import { createGithubSignature } from '../deliveries/use-hub'
import { useHosts } from '../helpers/use-hosts'
import { findChromium, useBrowser } from './use-browser'

const chromium = findChromium()
const describePage = chromium === undefined ? describe.skip : describe
const suffix = chromium === undefined ? ' (skipped: there is no chromium; apt-get install chromium)' : ''

// Pages are closed before the servers that they follow.
const browsers = useBrowser(chromium)
const hosts = useHosts()

const SECRET = 'a-secret-of-the-inspector'
const FOLDER = join(__dirname, '../../lib/controller/inspector')
const ENDPOINT = {
  path: '/done/:tenant',
  identify_by: '${body.id}',
  status: '${body.state}',
  success_when: ['done'],
  fail_when: ['broken'],
  error: '${body.why}',
} as const

const CONFIG = {
  listeners: [
    {
      port: 0,
      callbacks: [
        ENDPOINT,
        { path: '/signed', identify_by: '${body.id}', verify: { scheme: 'github', secret: SECRET } },
        { path: '/bulk', bulk: true, identify_by: '${item.id}' },
      ],
    },
    { port: 8091, type: 'http-trigger', triggers: [{ path: '/go', workflow: 'hold', input: { id: '${body.id}' } }] },
  ],
  gateway: { port: 8091, driver: 'static', public_url: 'https://hooks.example/here' },
  workflows: { hold: { jobs: [{ id: 'keep', wait_for: '${input.id}' }] } },
} as unknown as CallbacksConfig

interface Mounted {
  readonly hooks: ReturnType<typeof hosts.start>['hooks']
  readonly origin: string
  /** Where the controller is mounted. */
  readonly controller: string
  /** Sends a callback; a text is sent as it is. */
  send(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<void>
}

/** Callbacks in an app, their controller below a path of three segments. */
async function mount(config: CallbacksConfig = CONFIG): Promise<Mounted> {
  const { hooks } = hosts.start(config)
  const app = express()
  app.use('/api/v1/_callbacks', hooks.controller)
  app.use(hooks)
  const origin = await hosts.serve(app)
  return {
    hooks,
    origin,
    controller: `${origin}/api/v1/_callbacks/`,
    send: (path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(origin)
        const text = typeof body === 'string' ? body : JSON.stringify(body)
        const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers }
        const sent = sendRequest({ hostname, port, path, method: 'POST', headers: all, agent: false }, (answer) => {
          answer.resume().once('end', resolve)
        })
        sent.once('error', reject).end(text)
      }),
  }
}

const rows = (page: Page) => page.locator('#list-deliveries tbody tr')

/** Resolves once the page follows the events. */
async function live(page: Page): Promise<void> {
  await page.getByText('live', { exact: true }).waitFor()
}

async function openView(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name }).click()
}

/** Ends a dialog by a button of it. */
async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name }).click()
}

describe('the parts of the page', () => {
  const names = readdirSync(FOLDER)

  test('are at most 60 kB together', () => {
    const size = names.reduce((sum, name) => sum + readFileSync(join(FOLDER, name)).length, 0)
    expect(size).toBeLessThan(60_000)
  })

  test('offer every verdict as a filter, and no other', () => {
    const [, list = ''] =
      /const VERDICTS = \[([^\]]*)\]/.exec(readFileSync(join(FOLDER, 'deliveries.js'), 'utf8')) ?? []
    expect([...list.matchAll(/'(\w+)'/g)].map(([, word]) => word)).toEqual(VERDICTS)
  })

  test('have no script or style inside the page, and make no HTML of texts', () => {
    const text = names.map((name) => readFileSync(join(FOLDER, name), 'utf8')).join('\n')
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|<style|style="|https?:\/\/(?!www\.w3\.org)/,
    )
    expect(text).not.toMatch(/<script(?![^>]*src=)/)
  })

  test.each(['', ...names.filter((name) => name !== 'index.html').map((name) => `inspector/${name}`)])(
    'GET /%s has a strict policy and needs no token',
    async (path) => {
      const auth = { type: 'bearer', token: 'a-token-of-the-page' } as const
      const { controller } = await mount({ ...CONFIG, controller: { auth } })
      const answer = await fetch(controller + path, { headers: { connection: 'close' } })
      await answer.text()
      const policy = answer.headers.get('content-security-policy') ?? ''
      expect([answer.status, policy]).toEqual([200, expect.stringContaining("default-src 'none'; script-src 'self'")])
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    },
  )
})

describePage(`the inspector in a browser${suffix}`, () => {
  test.each(['/api/v1/_callbacks', '/api/v1/_callbacks/', '/api/v1/_callbacks?from=a'])('opens at %s', async (path) => {
    const { origin } = await mount()
    const { page } = await browsers.open(origin + path)
    await page.getByText('No callback came yet.').waitFor()
    expect(new URL(page.url()).pathname).toBe('/api/v1/_callbacks/')
  })

  test('a callback is there without a reload, with its verdict and reason', async () => {
    const { controller, send } = await mount()
    const { page } = await browsers.open(controller)
    await live(page)
    await send('/done/a', { id: 'a1', state: 'done' })
    await rows(page)
      .filter({ hasText: /\ba1\b/ })
      .waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await send('/done/a', { id: 'a2', state: 'done' })
    await page.getByRole('button', { name: 'Pause' }).click()
    await rows(page)
      .filter({ hasText: /\ba2\b/ })
      .waitFor()
    await page.getByLabel('Verdict').first().selectOption('settled')
    await page.getByText('No delivery is like that.').waitFor()
  })

  test('a callback that comes while the list is on its way stays in it', async () => {
    const { controller, send } = await mount()
    const { page } = await browsers.open(controller)
    await live(page)
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const asked = new Promise<void>((resolve) => {
      void page.route('**/deliveries?*', async (route) => {
        const response = await route.fetch()
        resolve()
        await released
        await route.fulfill({ response })
      })
    })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await asked
    await send('/done/a', { id: 'a7', state: 'done' })
    const row = rows(page).filter({ hasText: /\ba7\b/ })
    await row.waitFor()
    const fulfilled = page.waitForResponse(/deliveries\?/)
    release()
    await fulfilled
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))')
    expect(await row.count()).toBe(1)
  })

  test('each verdict has its reason', async () => {
    const { hooks, controller, send } = await mount()
    const { page } = await browsers.open(controller)
    const waits = [hooks.wait('a1', { path: '/done/:tenant' }), hooks.wait('a2', { path: '/done/:tenant' })]
    const ended = Promise.allSettled(waits)
    await send('/done/a', { id: 'a1', state: 'done' })
    await send('/done/a', { id: 'a2', state: 'broken', why: 'no more paint' })
    await ended
    await send('/done/a', { id: 'a1', state: 'done' })
    await send('/done/a', { id: 'a3', state: 'done' })
    await send('/done/a', { id: 'a4', state: 'halfway' })
    await send('/done/a', { state: 'done' })
    await send('/signed', { id: 'a5' }, { 'X-Hub-Signature-256': 'sha256=00' })
    await send('/done/a', '{"id": ')
    await send('/bulk', [{ id: 'b1' }, { id: 'b2' }, {}])
    await send('/go', { id: 'c1' })
    for (const [verdict, reason] of [
      ['settled', 'It ended the wait for "a1" with a success (status "done")'],
      ['failed', 'It ended the wait for "a2" with a failure (status "broken"): no more paint'],
      ['duplicate', '"a1" is settled or parked already'],
      ['parked', 'Nobody waits for "a3" yet'],
      ['pending', 'The status "halfway" says that the work for "a4" goes on'],
      ['unidentified', 'identify_by finds no id in it'],
      ['refusedERR_UNVERIFIED', 'The sender is not verified'],
      ['refusedERR_BODY_MALFORMED', 'The body cannot be read'],
      ['items', '2 parked, 1 unidentified'],
      ['started', 'It started the task'],
    ] as const) {
      const row = rows(page).filter({ hasText: reason })
      await row.waitFor()
      expect(await row.locator('td').nth(1).textContent()).toBe(verdict)
    }
    await rows(page).filter({ hasText: 'halfway' }).click()
    const detail = page.getByRole('article', { name: 'Delivery' })
    await detail.getByText('neither success_when nor fail_when names it').waitFor()
    expect(await detail.getByRole('row', { name: 'status ${body.state}' }).textContent()).toContain('halfway')
    await page.close() // a page that is open asks again, and is answered 503
    await hooks.close()
  })

  test('waits, tasks and deliveries are ended and repeated by the page', async () => {
    const { hooks, controller, send } = await mount()
    const results = Promise.allSettled([
      hooks.wait('a1', { path: '/done/:tenant' }),
      hooks.wait('a2', { path: '/done/:tenant' }),
    ])
    const task = await hooks.submit({ id: 'a3' }, { workflow: 'hold' })
    const { page } = await browsers.open(controller)
    await openView(page, 'Waits')
    for (const [id, action, label, text] of [
      ['a1', 'Settle', 'Result, as JSON', '{"url": "x"}'],
      ['a2', 'Fail', 'Reason, as JSON', 'no more paint'],
    ] as const) {
      await page.getByRole('row', { name: id }).getByRole('button', { name: action }).click()
      await page.getByLabel(label).fill(text)
      await press(page, 'Do it')
      await page.getByText(`Done: ${action.toLowerCase()} ${id}`).waitFor()
    }
    expect(await results).toMatchObject([
      { status: 'fulfilled', value: { url: 'x' } },
      { status: 'rejected', reason: { code: 'ERR_CALLBACK_FAILED' } },
    ])
    await openView(page, 'Tasks')
    await page.getByText('waits for a3').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await press(page, 'Yes')
    await page.getByText(`Cancelled ${task.id}`).waitFor()
    await expect(task.result()).rejects.toMatchObject({ code: 'ERR_CANCELLED' })

    await send('/done/a', { id: 'a4', state: 'halfway' })
    await openView(page, 'Deliveries')
    await rows(page)
      .filter({ hasText: /\ba4\b/ })
      .click()
    await page.getByRole('button', { name: 'Replay' }).click()
    await press(page, 'Yes')
    await page.getByText('Replayed: pending.').waitFor()
    expect(await rows(page).filter({ hasText: 'replay' }).count()).toBe(1)
    await page.getByRole('button', { name: /^dlv_/ }).waitFor()
  })

  test('what a callback holds is text, whatever it looks like', async () => {
    const { hooks, controller, send } = await mount()
    const tag = '<img src=x onerror=alert(1)>'
    const path = tag.replaceAll(' ', '%20')
    const { page } = await browsers.open(controller)
    const waiting = hooks.wait(tag, { path: '/done/:tenant' })
    await openView(page, 'Waits')
    await page.getByText(tag).waitFor()
    await openView(page, 'Deliveries')
    const body = { id: tag, state: 'done', more: '</script><script>alert(2)</script><svg onload=alert(3)>' }
    await send(`/done/${path}?a=${path}`, body, { 'X-Note': `"${tag}</td>` })
    await waiting
    await send(`/done/a`, { id: `</script>${tag}`, state: tag })
    await rows(page)
      .filter({ hasText: `/done/${path}` })
      .click()
    const detail = page.getByRole('article', { name: 'Delivery' })
    await detail.getByText('</script><script>alert(2)</script>').waitFor()
    expect(await detail.textContent()).toContain(`"${tag}</td>`)
    await rows(page)
      .filter({ hasText: `</script>${tag}` })
      .click()
    await detail.getByText(`The status "${tag}" says`).waitFor()
    expect(await page.locator('img, svg, body script').count()).toBe(0)
  })

  test('goes by the keyboard alone', async () => {
    const { controller, send } = await mount()
    await send('/done/a', { id: 'a1', state: 'halfway' })
    await send('/done/a', { id: 'a2', state: 'halfway' })
    const { page } = await browsers.open(controller)
    await rows(page).nth(1).waitFor()
    const { keyboard } = page
    await keyboard.press('j')
    await keyboard.press('j')
    await keyboard.press('Enter')
    const detail = page.getByRole('article', { name: 'Delivery' })
    await detail.getByText('the work for "a1" goes on').waitFor()
    await keyboard.press('k')
    await keyboard.press('Enter')
    await detail.getByText('the work for "a2" goes on').waitFor()
    await keyboard.press('r')
    await page.getByRole('dialog', { name: 'Replay this delivery?' }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(await rows(page).count()).toBe(2)
    await keyboard.press('r')
    await page.getByRole('dialog').waitFor()
    await keyboard.press('Enter')
    await page.getByText('Replayed: pending.').waitFor()
    for (const [key, name] of [
      ['2', 'Waits'],
      ['3', 'Tasks'],
      ['4', 'Gateways'],
      ['1', 'Deliveries'],
    ] as const) {
      await keyboard.press(key)
      await page.getByRole('tab', { name, selected: true }).waitFor()
      expect(await page.getByRole('tabpanel').count()).toBe(1)
    }
    await keyboard.press('ArrowRight')
    await page.getByRole('tab', { name: 'Waits', selected: true }).waitFor()
    await keyboard.press('1')
    await keyboard.press('/')
    await keyboard.type('a2?1')
    expect(await page.locator('#filter-text').inputValue()).toBe('a2?1')
    await keyboard.press('Escape')
    await keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  test('asks for the token, again after a wrong one, and once for all requests', async () => {
    const auth = { type: 'bearer', token: 'a-token-of-the-page' } as const
    const { controller, send } = await mount({ ...CONFIG, controller: { auth } })
    await send('/done/a', { id: 'a1', state: 'halfway' })
    const { page } = await browsers.open(controller, { expected: /401/ })
    await page.locator('dialog input').fill('another')
    await press(page, 'Go on')
    await page.getByText('That is another token.').waitFor()
    await page.locator('dialog input').fill('a-token-of-the-page')
    await press(page, 'Go on')
    await rows(page)
      .filter({ hasText: /\ba1\b/ })
      .waitFor()
    await live(page)
    await page.reload()
    await rows(page)
      .filter({ hasText: /\ba1\b/ })
      .click()
    await page.getByRole('button', { name: 'Replay' }).click()
    await press(page, 'Yes')
    await page.getByText('Replayed: pending.').waitFor()
  })

  test('shows the public URL of a gateway with its QR code', async () => {
    const { controller } = await mount()
    const { page } = await browsers.open(controller)
    await openView(page, 'Gateways')
    await page.getByText('https://hooks.example/here', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'QR code' }).click()
    const code = page.getByRole('img', { name: 'QR code of the public URL' })
    await code.waitFor()
    expect((await code.locator('path').getAttribute('d'))?.length).toBeGreaterThan(1000)
  })

  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    test('axe finds nothing serious in any view, nor in a dialog', async () => {
      const { hooks, controller, send } = await mount()
      const waiting = Promise.allSettled([hooks.wait('w1', { path: '/done/:tenant' })])
      await send('/done/a', { id: 'a1', state: 'halfway' })
      await send('/done/a', { id: 'a2', state: 'done' })
      await send('/signed', { id: 'a5' }, { 'X-Hub-Signature-256': 'sha256=00' })
      await send('/signed', '{"id":"a6"}', { 'X-Hub-Signature-256': createGithubSignature(SECRET, '{"id":"a6"}') })
      await send('/go', { id: 'c1' })
      const { page } = await browsers.open(controller, { colorScheme })
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(255, 255, 255)')
      await page.evaluate(axe.source)
      await rows(page)
        .filter({ hasText: /\ba1\b/ })
        .click()
      await page.getByRole('button', { name: 'Replay' }).waitFor()
      expect(await findFaults(page)).toEqual([])
      for (const view of ['Waits', 'Tasks', 'Gateways']) {
        await openView(page, view)
        await page.locator(`#view-${view.toLowerCase()} > *`).first().waitFor()
        expect([view, await findFaults(page)]).toEqual([view, []])
      }
      await openView(page, 'Waits')
      await page.getByRole('row', { name: 'w1' }).getByRole('button', { name: 'Settle' }).click()
      expect(await findFaults(page)).toEqual([])
      await page.keyboard.press('Escape')
      await page.keyboard.press('?')
      expect(await findFaults(page)).toEqual([])
      await page.close() // a page that is open asks again, and is answered 503
      await hooks.close()
      await waiting
    })
  })

  test('10,000 deliveries with the page open take less than 50 MB, and the page answers', async () => {
    const { origin, controller } = await mount({ ...CONFIG, deliveries: { keep: 10_000 } })
    const { page } = await browsers.open(controller)
    await live(page)
    await sendMany(origin, 200)
    const before = usedBytes()
    await sendMany(origin, 10_000)
    expect(usedBytes() - before).toBeLessThan(50_000_000)
    await rows(page).filter({ hasText: 'm9999' }).waitFor()
    expect(await rows(page).count()).toBeLessThanOrEqual(500)
    await page.getByRole('button', { name: 'Older deliveries' }).waitFor()
    await page.getByPlaceholder('Id').fill('m42')
    await page.getByText('m42', { exact: true }).waitFor()
    const answer = await fetch(`${controller}deliveries?limit=1000`, { headers: { connection: 'close' } })
    const { deliveries } = (await answer.json()) as { readonly deliveries: readonly unknown[] }
    expect(deliveries).toHaveLength(1000)
  }, 60_000)
})

/** What axe finds that is serious or critical. */
async function findFaults(page: Page): Promise<unknown> {
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 200))])
}

/** The bytes that are in use once the garbage is gone. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Sends callbacks of half a kilobyte, 16 at a time; none is waited for, and each has the status of work that goes on. */
async function sendMany(origin: string, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  let next = 0
  async function sendOneByOne(): Promise<void> {
    for (; next < count;) {
      const body = JSON.stringify({ id: `m${next++}`, state: 'halfway', more: 'x'.repeat(400) })
      await new Promise<void>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': body.length }
        sendRequest(`${origin}/done/a`, { method: 'POST', agent, headers }, (answer) => {
          answer.resume().once('end', resolve)
        })
          .once('error', reject)
          .end(body)
      })
    }
  }
  await Promise.all(Array.from({ length: 16 }, sendOneByOne))
  agent.destroy()
}
