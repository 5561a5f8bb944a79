import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach } from '@jest/globals'
import { type Running, runExample } from '../run-example'

/** Where a recipe says that it is reached. */
export const PUBLIC_URL = 'https://app.example.com'

/** A request that a provider gets. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly text: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A body and the headers with which a provider proves itself. */
export interface Sent {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Recipe {
  /** What it asked so far. */
  readonly asked: readonly Asked[]
  /** Asks a route of the app; with a body by POST. */
  ask(path: string, body?: unknown): Promise<Answer>
  /** Calls one of its public URLs, and returns the status and the text of the answer. */
  callBack(url: string, sent: Sent): Promise<Answer>
  /** Resolves with the next log line that holds the text. */
  says(text: string): Promise<string>
  stop(): Promise<unknown>
}

/** Answers for a provider; the recipe can be called back meanwhile. */
export type Provider = (asked: Asked, recipe: Recipe) => Response | Promise<Response>

const SERVE = join(__dirname, 'serve.mjs')
const EXAMPLES = join(__dirname, '..', '..', '..', 'examples')
const UNASKED: Provider = ({ url }) => new Response(`nothing is asked at ${url}`, { status: 500 })

/** Starts recipes, each in a process of its own with a fake provider; ends them after each test. */
export function useRecipe(folder: string, variables: Readonly<Record<string, string>>) {
  const open: { readonly server: Server; readonly running: Running }[] = []

  async function stopAll(): Promise<void> {
    for (const { server, running } of open.splice(0)) {
      await running.stop()
      server.close()
      server.closeAllConnections()
    }
  }
  afterEach(stopAll)

  async function start(provider: Provider = UNASKED, more: Readonly<Record<string, string>> = {}): Promise<Recipe> {
    const asked: Asked[] = []
    const server = createServer((request, response) => {
      void (async () => {
        const one = await readAsked(request)
        asked.push(one)
        const answer = await provider(one, recipe)
        response
          .writeHead(answer.status, Object.fromEntries(answer.headers))
          .end(Buffer.from(await answer.arrayBuffer()))
      })().catch((error: Error) => response.writeHead(500).end(String(error.stack)))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const fakeUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const running = runExample(folder, [SERVE, join(EXAMPLES, folder, 'app.mjs')], {
      PUBLIC_URL,
      FAKE_PROVIDER: fakeUrl,
      ...Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [name, value.replace('FAKE_URL', fakeUrl)]),
      ),
      ...more,
    })
    open.push({ server, running })
    const port = await running.find((line) => /^listening on (\d+)$/.exec(line)?.[1])
    const url = `http://127.0.0.1:${port}`
    const recipe = createRecipe({ url, asked, running, stop: stopAll })
    return recipe
  }

  return { start }
}

function createRecipe({
  url,
  asked,
  running,
  stop,
}: {
  readonly url: string
  readonly asked: readonly Asked[]
  readonly running: Running
  readonly stop: () => Promise<void>
}): Recipe {
  return {
    asked,
    ask(path, body) {
      const headers = { 'content-type': 'application/json' }
      return answerOf(url + path, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) })
    },
    callBack: (to, sent) => answerOf(to.replace(PUBLIC_URL, url), { method: 'POST', ...sent }),
    says: (text) => running.find((line) => (line.includes(text) ? line : undefined)),
    stop,
  }
}

async function answerOf(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, { redirect: 'manual', ...init })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return { status: answer.status, body: isJson ? JSON.parse(text) : text }
}

async function readAsked(request: IncomingMessage): Promise<Asked> {
  const headers = new Headers(
    Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
  )
  return {
    method: request.method ?? '',
    url: headers.get('x-asked-url') ?? request.url ?? '',
    headers,
    text: (await buffer(request)).toString(),
  }
}

/** Returns the first request that a call of an official SDK makes, which is answered with `answer`. */
export async function requestOf(
  call: (fetch: typeof globalThis.fetch) => unknown,
  answer: () => Response = () => Response.json({}),
): Promise<Asked> {
  const asked: Asked[] = []
  await call(async (input, init) => {
    const request = new Request(input, init)
    asked.push({ method: request.method, url: request.url, headers: request.headers, text: await request.text() })
    return answer()
  })
  const [first] = asked
  if (first === undefined) throw new Error('The SDK asked nothing')
  return first
}

/** What counts of a request: two that have this in common are the same to the provider. */
export function gist({ method, url, headers, text }: Asked): object {
  const isForm = headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true
  return {
    method,
    url,
    authorization: headers.get('authorization'),
    type: headers.get('content-type')?.split(';')[0],
    body: text === '' ? undefined : isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text),
  }
}
