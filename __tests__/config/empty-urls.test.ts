import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { ComponentConfig } from '../../lib/config/schema'
import { compileConfig } from '../../lib/config/normalize'
import { createDocument, createSource } from '../../lib/config/read/source'

const API = 'https://api.test'
const polling = (more: object): ComponentConfig => ({
  base_url: API,
  body: {},
  completion: { type: 'polling', ...more },
})

function load(component: ComponentConfig, env: Readonly<Record<string, string>>) {
  const config: CallbacksConfig = {
    components: { api: component },
    workflow: { jobs: [{ id: 'a', component: 'api' }] },
  }
  return compileConfig(createSource([createDocument(config)], env))
}

describe('an empty variable of the environment in a URL is refused at load', () => {
  test.each<[string, ComponentConfig, string]>([
    ['at the end of a path', { base_url: API, path: '/jobs/${env.ID}', method: 'DELETE' }, 'path'],
    ['in a path', { base_url: API, path: '/jobs/${env.ID}/cancel' }, 'path'],
    ['that is all of a path', { base_url: API, path: '${env.ID}' }, 'path'],
    ['with a type', { base_url: API, path: '/jobs/${env.ID as text}' }, 'path'],
    ['with an empty variable as default', { base_url: API, path: '/jobs/${env.NONE | ${env.ID}}' }, 'path'],
    ['in an endpoint', { endpoint: 'https://${env.ID}.api.test/jobs' }, 'endpoint'],
    ['in a base_url', { base_url: 'https://api.test/${env.ID}', path: '/jobs' }, 'base_url'],
    ['in an action', { base_url: API, action: { path: '/jobs/${env.ID}' } }, 'action.path'],
    ['in polling', polling({ path: '/jobs/${env.ID}' }), 'completion.path'],
    ['in polling elsewhere', polling({ endpoint: 'https://api.test/${env.ID}' }), 'completion.endpoint'],
    [
      'in a fallback',
      { base_url: API, body: {}, completion: { type: 'callback', fallback: { path: '/jobs/${env.ID}' } } },
      'completion.fallback.path',
    ],
  ])('%s', (_, component, at) => {
    expect(() => load(component, { ID: '' })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_ENV',
        at: `components.api.${at}`,
        message: expect.stringMatching(
          / is empty, and other URLs would be asked; set it; if it may be empty, write \$\{env\..+ \| ""\}$/,
        ),
      }),
    )
  })

  test.each<[string, ComponentConfig, string]>([
    ['path', { base_url: API, path: '/jobs/${env.ID}' }, 'path'],
    ['base_url', { base_url: 'https://api.test/${env.ID}', path: '/jobs' }, 'base_url'],
    ['fallback', { base_url: API, completion: { fallback: { path: '/${env.ID}' } } }, 'completion.fallback.path'],
  ])('in the %s of a component that stands in a job', (_, component, at) => {
    const config: CallbacksConfig = { workflow: { jobs: [{ id: 'a', component }] } }
    expect(() => compileConfig(createSource([createDocument(config)], { ID: '' }))).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_ENV', at: `workflow.jobs[0].component.${at}` }),
    )
  })

  test.each<[string, ComponentConfig]>([
    ['that may be empty', { base_url: API, path: '/jobs/${env.ID | ""}' }],
    ['elsewhere', { base_url: API, path: '/jobs', body: { path: '${env.ID}' }, headers: { path: 'x${env.ID}' } }],
    ['beside another source, which is checked when it is sent', { base_url: API, path: '/${env.ID}/${input.id}' }],
  ])('but not one %s', (_, component) => {
    expect(() => load(component, { ID: '' })).not.toThrow()
  })

  test('a component that is called path', () => {
    const config: CallbacksConfig = {
      components: { path: { base_url: API, path: '/x/${env.ID}' } },
      workflow: { jobs: [{ id: 'a' }] },
    }
    expect(() => compileConfig(createSource([createDocument(config)], { ID: '' }))).toThrow(/is empty/)
    expect(() => compileConfig(createSource([createDocument(config)], { ID: '7' }))).not.toThrow()
  })
})
