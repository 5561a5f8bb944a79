import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ROOT } from './packed'

const TIMEOUT_MS = 120_000

// Of the TypeScript of this checkout; .ci/check-typescripts.cjs asks the other versions.
test(
  'an editor shows the sentence of schema.json for every key of a config, and leads to its declaration',
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, '.ci', 'check-hovers.cjs')], {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    })
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d{3,} keys, 0 faults\n$/),
      stderr: '',
    })
  },
  TIMEOUT_MS,
)
