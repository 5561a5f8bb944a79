import { createHmac } from 'node:crypto'
import express from 'express'
import request from 'supertest'
import type { Callbacks, CallbacksConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

/** The header by which GitHub proves a body. */
export function createGithubSignature(secret: string, body: string | Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Callbacks in an app that has their controller below `/_callbacks`. */
export interface Hub {
  readonly hooks: Callbacks
  readonly origin: string
  /** Reads JSON of the controller. */
  // oxlint-disable-next-line typescript/no-explicit-any
  get(path: string): Promise<any>
  /** Asks the controller to do something; asserts the status. */
  post(path: string, status?: number, body?: object): Promise<unknown>
  /** Sends a signed callback. */
  send(body: object, options?: { readonly signature?: string }): Promise<void>
  sendBytes(body: Buffer, signature?: string): Promise<void>
  /** Sends what is not signed to any path. */
  sendTo(path: string, body: object): Promise<void>
}

const SECRET = 'a-secret-of-the-hub'

/** Serves callbacks with their controller in apps that are closed after each test. */
export function useHub() {
  const hosts = useHosts()
  return {
    secret: SECRET,
    github: { scheme: 'github', secret: SECRET } as const,
    async until(condition: () => boolean | Promise<boolean>): Promise<void> {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    async mount(config: CallbacksConfig): Promise<Hub> {
      const { hooks } = hosts.start(config)
      const app = express()
      app.use('/_callbacks', hooks.controller)
      app.use(hooks)
      const origin = await hosts.serve(app)
      const controller = `${origin}/_callbacks`

      async function sendBytes(body: Buffer, signature = createGithubSignature(SECRET, body)): Promise<void> {
        await request(origin)
          .post('/done')
          .set('content-type', 'application/json')
          .set('X-Hub-Signature-256', signature)
          .serialize((text: unknown) => text as string)
          .send(body)
      }

      return {
        hooks,
        origin,
        get: async (path) => (await request(controller).get(path).expect(200)).body,
        async post(path, status = 200, body = {}) {
          return (await request(controller).post(path).send(body).expect(status)).body
        },
        send: (body, { signature } = {}) => sendBytes(Buffer.from(JSON.stringify(body)), signature),
        sendBytes,
        async sendTo(path, body) {
          await request(origin).post(path).send(body)
        },
      }
    },
  }
}
