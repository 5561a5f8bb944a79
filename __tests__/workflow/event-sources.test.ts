import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { compileConfig } from '../../lib/config/normalize'
import { createFindStart } from '../../lib/workflow/event-sources'

type Written = Pick<CallbacksConfig, 'component' | 'gateway'> & {
  readonly listener?: object
  readonly jobs?: NonNullable<CallbacksConfig['workflow']>['jobs']
}

/** Which callbacks of a config start workflows by themselves. */
function eventSources({ listener = {}, jobs = [{}], ...rest }: Written): readonly string[] {
  const config = compileConfig(
    { listener: { path: '/done', identify_by: '${body.id}', ...listener }, workflow: { jobs }, ...rest },
    { env: {} },
  )
  const findStart = createFindStart(config)
  return config.listeners.flatMap((one) =>
    one.endpoints.filter((spec) => findStart(spec, one)?.kind === 'event source').map(({ fullPath }) => fullPath),
  )
}

const api = { base_url: 'https://api.example' }

describe('an endpoint is pointed at, and so no event source,', () => {
  test.each<[string, Written]>([
    ['by its URL in a body', { component: { ...api, body: { url: 'https://me.example/done' } } }],
    [
      'by its URL behind a gateway',
      {
        component: { ...api, body: { url: '${gateway:8090.public_url}/done' } },
        gateway: { port: 8090, driver: 'static', public_url: 'https://g.example' },
      },
    ],
    [
      'by its URL, percent-encoded',
      { listener: { path: '/größe' }, component: { ...api, body: { url: 'http://x/gr%c3%b6%C3%9Fe' } } },
    ],
    [
      'by its URL, where the config has the path encoded',
      { listener: { path: '/a%20b' }, component: { ...api, body: { url: 'http://x/a b?x=1' } } },
    ],
    ['by its URL with two slashes', { component: { ...api, body: { url: 'http://x//done' } } }],
    [
      'by its URL with a literal colon',
      { listener: { path: '/v1\\:done' }, component: { ...api, body: { url: 'http://x/v1:done' } } },
    ],
    ['by its URL deep in a body', { component: { ...api, body: [{ a: { b: 'http://x/done' } }] } }],
    ['by its URL in the query of a path', { component: { ...api, path: '/run?hook=http://me.example/done' } }],
    ['by its URL in the input of a job', { component: api, jobs: [{ input: { hook: 'http://x/done' } }] }],
    ['by its URL in a header', { component: { ...api, headers: { 'X-Hook': 'http://x/done' } } }],
    [
      'by its URL in a header of the component',
      { component: { ...api, headers: { 'X-Hook': 'http://x/done' }, action: {} } },
    ],
    ['by its URL in the query', { component: { ...api, params: { hook: 'http://x/done' } } }],
    ['by its URL in an action', { component: { ...api, action: { body: { url: 'http://x/done' } } } }],
    ['by its URL with a query', { component: { ...api, body: 'http://x/done?id=${context.run_id}' } }],
    ['by its URL with a slash at the end', { component: { ...api, body: 'http://x/done/' } }],
    ['by its URL in capitals', { component: { ...api, body: 'http://x/DONE' } }],
    ['by its URL inside XML', { component: { ...api, body: '<hook>http://x/done</hook>' } }],
    [
      'by its URL behind another that only begins like it',
      { component: { ...api, body: 'http://done-jobs.x/done-x/done' } },
    ],
    ['by its path alone', { component: { ...api, body: { path: '/done' } } }],
    ['by a callback completion with its path', { component: { ...api, completion: { path: 'done' } } }],
    ['by a callback completion without path', { component: { ...api, completion: 'callback' } }],
    [
      'by a callback completion whose path is a template',
      { component: { ...api, completion: { path: '${input.path}' } } },
    ],
    ['by a ticket', { component: { ...api, body: { url: '${callback.url}' } } }],
    ['by the id of a ticket', { component: { ...api, headers: { 'X-Id': '${callback.id}' } } }],
    ['by a job that waits', { jobs: [{ wait_for: '${input.id}' }] }],
    ['by a job that waits on its path', { jobs: [{ wait_for: { id: '${input.id}', path: '/done' } }] }],
    ['by an on_error job that waits', { component: api, jobs: [{ on_error: [{ wait_for: '${input.id}' }] }] }],
    [
      'by an on_error job of an on_error job',
      { component: api, jobs: [{ on_error: [{ id: 'a', component: 'logger', on_error: [{ wait_for: 'x' }] }] }] },
    ],
    [
      'with parameters, by what stands before them',
      { listener: { path: '/done/:id' }, component: { ...api, body: 'http://x/done/${context.run_id}' } },
    ],
    ['with its base path', { listener: { base_path: 'base' }, component: { ...api, body: 'http://x/base/done' } }],
    ['when it says so', { listener: { workflow: false }, component: api }],
    ['when it knows no ids', { listener: { identify_by: undefined }, component: api }],
  ])('%s', (_, config) => {
    expect(eventSources(config)).toEqual([])
  })
})

describe('an endpoint is an event source', () => {
  test.each<[string, Written]>([
    ['when nothing points at it', { component: api }],
    ['when there are no components', { jobs: [{ component: 'logger' }] }],
    ['when the path of a component is the same', { component: { ...api, path: '/done' } }],
    ['when the endpoint of a component is the same', { component: { endpoint: 'https://api.example/done' } }],
    ['when the base URL of a component is the same', { component: { base_url: 'https://api.example/done' } }],
    ['when a longer path is told', { component: { ...api, body: 'http://x/done/more' } }],
    ['when a path is told that begins like it', { component: { ...api, body: 'http://x/done-jobs' } }],
    [
      'when its path is told without the base path',
      { listener: { base_path: 'base' }, component: { ...api, body: 'http://x/done' } },
    ],
    ['when a component waits for nothing', { component: { ...api, completion: 'none' } }],
    ['when a component asks', { component: { ...api, completion: { type: 'polling', path: '/x' } } }],
    [
      'when it names a workflow, though it is pointed at',
      { listener: { workflow: '__workflow__' }, component: { ...api, body: 'http://x/done' } },
    ],
  ])('%s', (_, config) => {
    const expected = config.listener && 'base_path' in config.listener ? '/base/done' : '/done'
    expect(eventSources(config)).toEqual([expected])
  })

  test('unless there is no workflow', () => {
    const config = compileConfig({ listener: { path: '/done', identify_by: '${body.id}' } }, { env: {} })
    const [listener] = config.listeners
    const [spec] = listener?.endpoints ?? []
    if (listener === undefined || spec === undefined) throw new Error('no endpoint')
    expect(createFindStart(config)(spec, listener)).toBeUndefined()
  })

  test.each<[string, Written]>([
    ['component', { component: { ...api, completion: { path: '/other' } } }],
    ['job', { jobs: [{ wait_for: { id: 'x', path: '/other' } }] }],
  ])('when a %s waits for another', (_, config) => {
    const callbacks = ['/done', '/other'].map((path) => ({ path, identify_by: '${body.id}' }))
    const listener = { path: undefined, identify_by: undefined, callbacks }
    expect(eventSources({ listener, ...config })).toEqual(['/done'])
  })

  test('each by itself', () => {
    const callbacks = ['/one', '/two', '/three'].map((path) => ({ path, identify_by: '${body.id}' }))
    const listener = { path: undefined, identify_by: undefined, callbacks }
    expect(eventSources({ listener, component: { ...api, body: 'http://x/two' } })).toEqual(['/one', '/three'])
  })
})
