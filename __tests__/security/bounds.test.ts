import { describe, expect, test } from '@jest/globals'
import { createRedaction } from '../../lib/http/secrets'
import { guessPaths, listPaths, type PublicPlaces } from '../../lib/workflow/callback-urls/public-places'
import { useServices } from '../helpers/fake-service'
import { useHosts } from '../helpers/use-hosts'

const services = useServices()
const hosts = useHosts()
const unknown: PublicPlaces = {
  urls: () => ['https://ours.example'],
  ports: () => new Set<number>(),
  mounts: () => [],
  mayBeElsewhere: () => true,
}

describe('what is sent may be made of input; looked through is', () => {
  test('no URL with more than a hundred ends', () => {
    const slashes = '/'.repeat(8000)
    expect(listPaths(new URL(`https://ours.example${slashes}`), unknown)).toHaveLength(100)
    expect(guessPaths(new URL(`https://theirs.example${slashes}`), unknown)).toHaveLength(100)
  })

  test.each([
    [8000, true],
    [9000, false],
  ])('a URL of about %i characters: %s', async (length, isAwaited) => {
    const service = await services.open(() => ({ status: 202, body: {} }))
    const { hooks } = await hosts.open({
      listener: { path: '/done', identify_by: '${body.id}' },
      component: { endpoint: service.origin, body: { to: '${input}' } },
      workflow: { jobs: [{ id: 'a' }] },
    })
    const input = `http://localhost:8090/done?a=${'x'.repeat(length)}`
    const running = hooks.run(input).catch((error: unknown) => error)
    await service.received()
    if (isAwaited) expect(hooks.stats().waiting).toBe(1)
    else expect(await running).toEqual({})
  })

  test('a text of digits that is no number, in a time that grows with its length alone', async () => {
    // Read by a pattern that goes back over them, these would take minutes.
    const { post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.n * 2}' } })
    const answer = await post('/done').send({ n: `${'1'.repeat(900_000)}x` })
    expect([answer.status, answer.body]).toEqual([400, { error: 'ERR_TEMPLATE' }])
  })

  test('no more than 500 values of a request as secrets; those of its headers come first', () => {
    const url = new URL(
      `https://a.example/?${Array.from({ length: 1000 }, (_, index) => `q${index}=value-${index}z`).join('&')}`,
    )
    const { text } = createRedaction(
      { method: 'GET', url, headers: { authorization: 'Bearer abcdefgh' }, body: undefined },
      [],
    )
    expect(text('abcdefgh value-1z value-999z')).toBe('[redacted] [redacted] value-999z')
  })
})
