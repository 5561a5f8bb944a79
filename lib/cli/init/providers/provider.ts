import type { VerifyScheme } from '../../../verify/schemes'

/** A variable of the environment that a project needs. */
export interface Variable {
  readonly name: string
  /** Where a user finds its value. */
  readonly text: string
  /** Its value in the test of the project. */
  readonly example: string
}

/** Lines of a file, without line breaks. */
export type Lines = readonly string[]

/** All that differs between the projects of two services. */
export interface Provider {
  /** How texts name the service. */
  readonly label: string
  readonly scheme: VerifyScheme
  /** Further keys of `verify`. */
  readonly verify?: Lines
  /** The path of the endpoint. */
  readonly path: string
  /** What the app does, in one sentence without its full stop. */
  readonly about: string
  /** What is to be set up at the service before callbacks come. */
  readonly setup: Lines
  /** The first one is the secret of `verify`, unless the service publishes its keys. */
  readonly variables: readonly Variable[]
  /** Whether requests to the service name the URL of the callback. */
  readonly namesUrl: boolean
  /** The keys of the endpoint that say whose callback it is and what it means. */
  readonly endpoint: Lines
  /** Components and workflow. */
  readonly rest: Lines
  /** The code of `createApp` after the callbacks are mounted. */
  readonly app: Lines
  /** The bodies of the tests. */
  readonly test: Lines
  /** The service of `send` whose event the test sends, and what else `send` is told; undefined where `signing` does it. */
  readonly sends?: Lines
  /** What the test has instead of `send`. */
  readonly signing?: Signing
}

/** How a test signs for a service that publishes its keys. */
export interface Signing {
  readonly imports: Readonly<Record<string, string>>
  readonly code: Lines
}

/** A secret of Standard Webhooks that nobody has. */
export const STANDARD_SECRET = 'whsec_dGhlLXNlY3JldC1vZi10aGUtdGVzdA=='
/** The image of the events that `send` writes. */
export const IMAGE = 'https://files.example.com/cat.png'

/** What answers when a callback reports a failure, does not come in time, or the service refuses the request. */
export const REFUSING: Lines = [
  '',
  'app.use((error, _request, response, next) => {',
  `  if (!/^ERR_/.test(error.code) || response.headersSent) return next(error)`,
  '  response.status(502).json({ error: error.code, message: error.message })',
  '})',
]

/** A route whose statement may fail later. Express 4 does not see that by itself. */
export function asyncRoute(begins: string, statement: string): Lines {
  return [
    `app.${begins}, async (request, response, next) => {`,
    '  try {',
    `    ${statement}`,
    '  } catch (error) {',
    '    next(error)',
    '  }',
    '})',
  ]
}

/** What `createApp` holds where a route runs the workflow and answers with its output. */
export function runs(route: string): Lines {
  return [
    'app.use(express.json())',
    '',
    ...asyncRoute(`post('${route}'`, 'response.json(await hooks.run(request.body))'),
    ...REFUSING,
  ]
}

/** What a test of a route that runs the workflow is made of. */
export interface RunTest {
  readonly label: string
  readonly route: string
  /** The body of the request, as JavaScript. */
  readonly input: string
  /** The parameters of the fake `fetch`, as JavaScript. */
  readonly parameters: string
  /** Where the service calls back, as JavaScript over those parameters and `url`. */
  readonly callbackUrl: string
  /** What the service answers at once, as JavaScript. */
  readonly answer: string
  /** Further statements of the fake `fetch` before that. */
  readonly first?: Lines
  /** Further arguments of the call, as JavaScript. */
  readonly sends?: string
  /** What the route answers, as JavaScript. */
  readonly expected: string
}

/** Writes the test of a route that runs the workflow. */
export function testRun(test: RunTest): Lines {
  const { label, route, input, parameters, callbackUrl, answer, first = [], sends, expected } = test
  const further = sends === undefined ? '' : `, ${sends}`
  return [
    `test('POST ${route} answers with what the callback brings', { timeout: 20_000 }, async (t) => {`,
    '  let called',
    `  const url = await start(t, async (${parameters}) => {`,
    ...first.map((line) => `    ${line}`),
    `    // Here ${label} calls back at once.`,
    `    called = callBack(${callbackUrl}${further})`,
    `    return Response.json(${answer})`,
    '  })',
    `  const body = JSON.stringify(${input})`,
    `  const headers = { 'content-type': 'application/json' }`,
    `  const answer = await fetch(url + '${route}', { method: 'POST', headers, body })`,
    '  await called',
    `  assert.deepEqual(await answer.json(), ${expected})`,
    '  assert.equal(answer.status, 200)',
    '})',
  ]
}
