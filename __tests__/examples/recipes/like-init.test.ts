import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import type { InitProvider } from '../../../lib/cli/init/providers/providers'
import { writeProject } from '../../../lib/cli/init/project'

const ROOT = join(__dirname, '..', '..', '..')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

function read(name: string): string {
  return readFileSync(join(ROOT, 'examples', name, 'callbacks.yml'), 'utf8')
}

function written(provider: InitProvider): string {
  return writeProject({ provider, tunnel: 'none' }, manifest)['callbacks.yml'] ?? ''
}

test.each<InitProvider>(['replicate', 'openai', 'fal', 'twilio'])(
  'the recipe %s has the config that `init` writes',
  (provider) => {
    expect(parse(read(provider))).toEqual(parse(written(provider)))
  },
)

test.each<[string, InitProvider, readonly string[]]>([
  ['stripe', 'stripe', ['path', 'verify']],
  ['github-dispatch', 'github', ['path', 'verify', 'status', 'success_when', 'fail_when', 'error']],
])(
  'the recipe %s is called as the project of `init` for %s is, and judges by the same keys',
  (name, provider, keys) => {
    const keysOf = ({ listener }: { readonly listener: object }): unknown[] =>
      keys.map((key) => [key, Object(listener)[key]])
    expect(keysOf(parse(read(name)))).toEqual(keysOf(parse(written(provider))))
  },
)
