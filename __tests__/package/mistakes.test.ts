import { expect, test } from '@jest/globals'
import { CallbackError, callbacks } from '../../lib'

// From JavaScript, where no compiler says it: `const { id } = await response.json()` with the wrong name gives undefined.
test.each([[''], [[]], [['']], [undefined], [null], [[undefined]], [[null]]])(
  'wait(%j) throws an error that asks for an id',
  (ids) => {
    const hooks = callbacks({ listener: { path: '/done', identify_by: '${body.id}' } })
    const thrown = errorOf(() => Reflect.apply(hooks.wait, hooks, [ids]))

    expect(thrown).toBeInstanceOf(CallbackError)
    expect(thrown).toMatchObject({ code: 'ERR_WAIT_ID', message: expect.stringContaining('id') })
  },
)

function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
