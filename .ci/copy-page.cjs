'use strict'
// Copies the inspector's page, which no compiler touches, beside the compiled controller. Runs after the build.
const { cpSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
cpSync(join(root, 'lib/controller/inspector'), join(root, 'dist/lib/controller/inspector'), { recursive: true })
