import express, { type Express } from 'express'
import request, { type Test } from 'supertest'
import type { CallbacksConfig, CallbacksOptions } from '../../lib'
import { VERSIONS } from '../helpers/express-versions'
import { type Hosts, type Started, useHosts } from '../helpers/use-hosts'

/** A controller that answers on 127.0.0.1. */
export interface ServedController extends Started {
  readonly origin: string
  get(path: string): Test
  /** A POST of JSON. */
  post(path: string, body?: unknown): Test
}

export type Serve = (config?: CallbacksConfig, options?: CallbacksOptions) => Promise<ServedController>

/** One workflow ends at once and one when somebody settles the id of its input; nothing needs a network. */
export const CONFIG = {
  listener: { host: '127.0.0.1', port: 0, path: '/done', identify_by: '${body.id}' },
  workflows: {
    say: {
      title: 'Say it',
      description: 'Gives what it gets',
      default: true,
      jobs: [{ id: 'note', component: 'logger', input: { message: 'said', data: '${input}' } }],
    },
    hold: { jobs: [{ id: 'keep', wait_for: '${input.id}' }] },
  },
} as const satisfies CallbacksConfig

export interface Controllers {
  readonly start: Hosts['start']
  readonly serve: Hosts['serve']
  readonly listen: Serve
  readonly mount: Serve
  /** All ways by name, for tables. */
  readonly ways: readonly (readonly [string, Serve])[]
}

/** The ways in which a controller is served: mounted in either Express, and by `listen()`. */
export function useControllers(): Controllers {
  const hosts = useHosts()

  function answering(started: Started, origin: string): ServedController {
    return {
      ...started,
      origin,
      get: (path) => request(origin).get(path),
      post: (path, body = {}) => request(origin).post(path).type('json').send(JSON.stringify(body)),
    }
  }

  const listen: Serve = async (config = CONFIG, options = {}) => {
    const started = hosts.start({ ...config, controller: { port: 0, ...config.controller } }, options)
    const { controllerPort } = await started.hooks.listen()
    const scheme = config.controller?.ssl ? 'https' : 'http'
    return answering(started, `${scheme}://127.0.0.1:${controllerPort}`)
  }

  const mountIn =
    (createApp: () => Express): Serve =>
    async (config = CONFIG, options = {}) => {
      const started = hosts.start(config, options)
      const app = createApp()
      app.use('/_callbacks', started.hooks.controller)
      app.use((_request, response) => void response.status(404).send('the app has nothing either'))
      return answering(started, `${await hosts.serve(app)}/_callbacks`)
    }

  const mounted = VERSIONS.map((one) => [`mounted in Express ${one.version}`, mountIn(one.express)] as const)
  return {
    start: hosts.start,
    serve: hosts.serve,
    listen,
    mount: mountIn(express),
    ways: [...mounted, ['served by listen()', listen]],
  }
}
