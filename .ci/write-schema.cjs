'use strict'
// Writes dist/schema.json, by which editors complete and check a config. Runs after the build.
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { toJsonSchema } = require('@valibot/to-json-schema')

const ID = 'urn:express-callbacks:schema'

/** An editor checks the text as it is written, before the environment is read into it. */
const ENV_TEXT = { type: 'string', pattern: '\\$\\{' }

/** Turns the valibot schema of a config into JSON Schema (draft-07). */
function createJsonSchema(configSchema) {
  const schema = toJsonSchema(configSchema, {
    target: 'draft-07',
    // Checks in code have no counterpart, and the metadata is our own.
    ignoreActions: ['check', 'metadata'],
    overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? ENV_TEXT : undefined),
  })
  const { $schema, ...rest } = schema
  return { $schema, $id: ID, ...rest }
}

module.exports = { createJsonSchema }

if (require.main === module) {
  const dist = join(__dirname, '..', 'dist')
  const { configSchema } = require(join(dist, 'lib', 'config', 'schema', 'schema.js'))
  writeFileSync(join(dist, 'schema.json'), `${JSON.stringify(createJsonSchema(configSchema))}\n`)
}
