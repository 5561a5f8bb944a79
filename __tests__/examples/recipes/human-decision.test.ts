import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Answer, gist, type Recipe, type Sent, useRecipe } from './use-recipe'

const INPUT = { purpose: 'A <new> chair', amount: 120, approver: 'ada@example.com' }
const LINK = /https:\/\/app\.example\.com\/decision\?callback_id=tkt-[\w-]{28}/

const recipes = useRecipe('human-decision', { RESEND_API_KEY: 're_test', MAIL_FROM: 'desk@example.com' })

let dataDir: string

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'recipe-human-'))
})

afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

/** Starts the recipe, and resolves with the link of each mail that it sends. */
async function start(...answers: readonly Response[]) {
  const waiting = [...answers]
  let tell: (link: string) => void = () => {}
  const link = new Promise<string>((resolve) => {
    tell = resolve
  })
  const recipe = await recipes.start(
    ({ text }) => {
      const answer = waiting.shift() ?? Response.json({ id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' })
      if (answer.ok) tell(LINK.exec(JSON.parse(text).text)?.[0] ?? 'no link')
      return answer
    },
    { DATA_DIR: dataDir },
  )
  return { recipe, link }
}

/** What a browser sends when a button of the form is pressed. */
function press(decision: string, comment = ''): Sent {
  const body = new URLSearchParams({ comment, decision }).toString()
  return { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}

async function submit(recipe: Recipe): Promise<string> {
  const { status, body } = await recipe.ask('/expenses', INPUT)
  expect({ status, body }).toEqual({ status: 202, body: { task: expect.any(String) } })
  return Object(body).task
}

function endOf({ ask }: Recipe, task: string): Promise<unknown> {
  const poll = async (): Promise<unknown> => {
    const { body } = await ask(`/expenses/${task}`)
    return Object(body).status === 'running' ? poll() : body
  }
  return poll()
}

const THANKS: Answer = { status: 200, body: expect.stringContaining('The first decision counts') }

describe('the recipe for a decision by a person', () => {
  test('mails the link by the API of Resend, and a GET of it decides nothing', async () => {
    const { recipe, link } = await start()
    const task = await submit(recipe)
    const url = await link
    const [asked] = recipe.asked
    expect(asked && gist(asked)).toEqual({
      method: 'POST',
      url: 'https://api.resend.com/emails',
      authorization: 'Bearer re_test',
      type: 'application/json',
      body: {
        from: 'desk@example.com',
        to: ['ada@example.com'],
        subject: 'Please decide: A <new> chair',
        text: `A <new> chair, 120 euros. Approve or reject it here:\n\n${url}\n`,
      },
    })
    expect(asked?.headers.get('idempotency-key')).toMatch(/^\S{16,256}$/)

    for (let scans = 0; scans < 3; scans += 1) {
      const page = await recipe.ask(new URL(url).pathname + new URL(url).search)
      expect(page).toEqual({ status: 200, body: expect.stringContaining('<form method="post">') })
    }
    expect(await recipe.ask(`/expenses/${task}`)).toMatchObject({ body: { status: 'running' } })
  })

  test.each<[string, readonly Sent[], object]>([
    ['approved', [press('approve', 'Sit well')], { status: 'succeeded', output: { comment: 'Sit well' } }],
    ['approved without a comment', [press('approve')], { status: 'succeeded', output: { comment: '' } }],
    ['rejected', [press('reject', 'Too <dear>')], { status: 'failed', error: expect.stringContaining('Too <dear>') }],
    [
      'decided twice: the first one counts',
      [press('approve', 'Yes'), press('reject', 'No')],
      { status: 'succeeded', output: { comment: 'Yes' } },
    ],
    [
      'decided by what is no button: it goes on waiting',
      [press('APPROVE'), press(''), { body: '', headers: {} }, press('reject', 'No')],
      { status: 'failed', error: expect.stringContaining('No') },
    ],
  ])('an expense is %s', async (_title, sents, expected) => {
    const { recipe, link } = await start()
    const task = await submit(recipe)
    const url = await link
    for (const sent of sents) expect(await recipe.callBack(url, sent)).toEqual(THANKS)
    expect(await endOf(recipe, task)).toEqual(expected)
  })

  test('the link in a mail is good after a restart, and for its own expense alone', async () => {
    const before = await start()
    const task = await submit(before.recipe)
    const url = await before.link
    await before.recipe.stop() // SIGKILL

    const { recipe } = await start()
    const guessed = url.replace(/.{8}$/, 'AAAAAAAA')
    const bare = url.replace(/\?.*/, '')
    for (const other of [guessed, bare, `${bare}?callback_id=`, `${bare}?callback_id=tkt-`])
      await recipe.callBack(other, press('approve', 'Mine'))
    expect(await recipe.ask(`/expenses/${task}`)).toMatchObject({ body: { status: 'running' } })
    expect(await recipe.callBack(url, press('approve', 'At last'))).toEqual(THANKS)
    expect(await endOf(recipe, task)).toEqual({ status: 'succeeded', output: { comment: 'At last' } })
  })

  test.each([
    [403, 'The example.com domain is not verified'],
    [422, 'Invalid `to` field'],
  ])('says why no mail was sent: %i', async (status, message) => {
    const { recipe } = await start(Response.json({ statusCode: status, name: 'validation_error', message }, { status }))
    const task = await submit(recipe)
    expect(await endOf(recipe, task)).toEqual({ status: 'failed', error: expect.stringContaining(message) })
  })
})
