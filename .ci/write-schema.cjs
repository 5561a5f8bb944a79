'use strict'
// Writes dist/schema.json, by which editors complete and check a config. Runs after the build.
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

const ID = 'urn:express-callbacks:schema'

/** Turns the shape of a config into JSON Schema (draft-07). */
function createJsonSchema(root) {
  const $defs = {}

  function convert(shape) {
    switch (shape.form) {
      case 'list':
        return { type: 'array', items: convert(shape.item) }
      case 'named':
        return { type: 'object', propertyNames: { type: 'string' }, additionalProperties: convert(shape.item) }
      case 'choice':
        return { anyOf: shape.options.map(convert) }
      case 'table':
        return convertTable([...shape.byKey.values()])
      case 'later':
        return refer(shape)
      default:
        return shape.json
    }
  }

  function convertTable(rows) {
    const properties = rows.map(({ key, shape, description }) => [key, { ...convert(shape), description }])
    const required = rows.flatMap(({ key, isRequired }) => (isRequired ? [key] : []))
    return { type: 'object', properties: Object.fromEntries(properties), required, additionalProperties: false }
  }

  /** The name is taken first, since the shape refers to itself. */
  function refer({ name, get }) {
    if (!Object.hasOwn($defs, name)) {
      $defs[name] = {}
      $defs[name] = convert(get())
    }
    return { $ref: `#/$defs/${name}` }
  }

  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: ID,
    title: 'express-callbacks',
    description: 'Callbacks, public URLs and workflows for an Express app',
    ...convert(root),
    $defs,
  }
}

module.exports = { createJsonSchema }

if (require.main === module) {
  const dist = join(__dirname, '..', 'dist')
  const { configShape } = require(join(dist, 'lib', 'config', 'schema.js'))
  writeFileSync(join(dist, 'schema.json'), `${JSON.stringify(createJsonSchema(configShape))}\n`)
}
