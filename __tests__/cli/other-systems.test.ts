import { describe, expect, test } from '@jest/globals'
import { useCli } from './use-cli'

const cli = useCli()

/** Configs as they are written for model-compose, each with the warnings that it gives, or what is refused. */
const CONFIGS: readonly (readonly [name: string, config: string, lines: readonly RegExp[]])[] = [
  [
    'a server that echoes',
    `
controller: { type: http-server, port: 8080, base_path: /api, webui: { driver: gradio, port: 8081 } }
workflow: { title: Echo, description: Sends a text and gives it back, input: "\${input}", output: "\${output}" }
component:
  type: http-server
  port: 9000
  action: { method: POST, path: /echo, body: { text: "\${input.text}" }, output: { text: "\${response.text}" } }
`,
    [/:2:\d+ controller\.webui: "webui" has no effect here: /],
  ],
  [
    'a server that is started',
    `
controller: { adapter: { type: http-server, port: 8080 } }
workflow: { job: { input: "\${input}", output: "\${output}" } }
component: { type: http-server, runtime: process, start: [uvicorn, "main:app"], port: 9000, action: { path: /echo } }
`,
    [/:4:\d+ component\.start: "start" does not work here: nothing is started here; start it yourself, .*http-client/],
  ],
  [
    'callbacks through a tunnel',
    `
controller: { adapters: [{ type: http-server, port: 8080 }], webui: { port: 8081 } }
gateway: { id: tunnel, type: http-tunnel, driver: static, public_url: "https://hooks.example", port: [8090] }
listener: { id: hooks, type: http-callback, port: 8090, path: /callback, identify_by: "\${body.task_id}", result: "\${body.result}" }
workflow: { title: Long work, job: { input: "\${input}", output: "\${output}" } }
component:
  type: http-server
  port: 9000
  action:
    method: POST
    path: /process
    body: { data: "\${input.data}", callback_url: "\${gateway:8090.public_url}/callback", task_id: "\${context.run_id}" }
    completion: { type: callback, wait_for: "\${context.run_id}" }
    output: { task_id: "\${response.task_id}", result: "\${result as json}" }
`,
    [
      /:2:\d+ controller\.adapters: "adapters" has no effect/,
      /:2:\d+ controller\.webui: "webui" has no effect/,
      /:4:\d+ listener: anybody who knows the public URL can send callbacks to POST \/callback/,
    ],
  ],
  [
    'two services and notes',
    `
controller: { type: http-server, port: 8080, max_concurrent_count: 4, threaded: false }
components:
  - id: write
    type: http-client
    base_url: https://api.example/v1
    action:
      path: /chat
      method: POST
      body: { model: "\${input.model | small @(description Which model (small, large))}", text: "\${input.text as text}" }
      output: { quote: "\${response.choices[0].message.content}" }
  - id: speak
    type: http-client
    endpoint: https://speech.example/say
    body: { text: "\${input.text}", voice: "\${input.voice as select/ann,bob | ann}" }
workflow:
  jobs:
    - { id: quote, component: write, retry: 3, on_error: { output: { quote: nothing } } }
    - { id: voice, component: speak, input: { text: "\${jobs.quote.output.quote}" }, depends_on: [quote], on_error: ignore }
`,
    [
      /:2:\d+ controller\.max_concurrent_count: "max_concurrent_count" has no effect/,
      /:2:\d+ controller\.threaded: "threaded" has no effect/,
      /:15:\d+ components\[1\]\.body\.voice: .*select\/ann,bob/,
    ],
  ],
  [
    'tools of an agent',
    `
controller: { type: mcp-server, base_path: /mcp, port: 8080 }
workflows: [{ id: send, job: { action: post, input: { to: "\${input.to @(description Whom)}" } } }]
component: { type: http-client, base_url: "https://chat.example", actions: [{ id: post, path: /post, body: { to: "\${input.to}" } }] }
`,
    [
      /:2:\d+ controller\.type: a controller of type "mcp-server" does not run here; expected http-server\. /,
      /:3:\d+ workflows\[0\]\.job\.action: "action" does not work here: a component has one action/,
      /:4:\d+ component\.actions: "actions" does not work here: a component has one action/,
    ],
  ],
  [
    'a model of its own',
    `
controller: { type: http-server, port: 8080 }
component: { type: model, task: chat-completion, model: some/model, action: { text: "\${input.text as text}" } }
workflow: { title: Chat }
`,
    [
      /:3:\d+ component\.type: a component of type "model" does not run here; expected one of http-client, http-server, /,
    ],
  ],
]

describe('validate', () => {
  test.each(CONFIGS)('says what is different in %s', async (_, config, expected) => {
    const { code, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    const lines = stderr.split('\n').filter((line) => line !== '')
    expect(lines).toEqual(expected.map((line) => expect.stringMatching(line)))
    const loads = lines.every((line) => line.startsWith('warning: '))
    expect(code).toBe(loads ? 0 : 1)
    expect(stderr).not.toContain('Did you mean')
  })
})
