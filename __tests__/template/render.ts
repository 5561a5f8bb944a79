import { expect } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { compileTemplate } from '../../lib/template/compile'

/** Compiles a template as nobody's config would, with any source allowed, and renders it once. */
export function render(template: unknown, scope: object = {}): unknown {
  return compileTemplate(template, { at: 'template' }).render(scope)
}

/** The message of the `ERR_TEMPLATE` that a template ends in, whether it is compiled or rendered. */
export function refusal(template: unknown, scope: object = {}): string {
  let thrown: unknown
  try {
    render(template, scope)
  } catch (error) {
    thrown = error
  }
  if (!(thrown instanceof CallbackError)) throw new Error(`expected a refusal, not ${String(thrown)}`)
  expect(thrown).toMatchObject({ code: 'ERR_TEMPLATE', at: expect.stringMatching(/^template/) })
  return thrown.message
}
