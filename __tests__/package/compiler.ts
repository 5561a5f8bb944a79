import { join } from 'node:path'
import { ROOT } from './packed'

/** The compiler of this checkout. */
export const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')

/** As strict as a user can be; the declarations of the package are checked too. */
export const OPTIONS = {
  target: 'es2023',
  lib: ['es2023'],
  module: 'node16',
  moduleResolution: 'node16',
  types: ['node'],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: false,
  esModuleInterop: true,
  skipLibCheck: false,
}
