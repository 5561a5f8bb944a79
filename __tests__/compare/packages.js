'use strict'

// The libraries of the comparison that are no devDependencies: they are installed when they are needed, beside the others.

const { execFileSync } = require('node:child_process')
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const MODULES = join(__dirname, '../../node_modules')
const CACHE = join(MODULES, '.cache/compare')
const requireCached = createRequire(join(CACHE, 'package.json'))

/**
 * Loads a library that `install` has brought.
 * @param {string} name
 * @returns {Promise<any>}
 */
function load(name) {
  return import(pathToFileURL(requireCached.resolve(name)).href)
}

/**
 * Installs libraries into `node_modules/.cache` that are not there in these versions. Throws when npm does.
 * @param {Record<string, string>} versions by name
 */
function install(versions) {
  const wanted = Object.entries(versions)
  if (wanted.every(([name, version]) => versionOf(name) === version)) return
  mkdirSync(CACHE, { recursive: true })
  if (!existsSync(join(CACHE, 'package.json'))) writeFileSync(join(CACHE, 'package.json'), '{"private": true}\n')
  const flags = ['--prefix', CACHE, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const specs = wanted.map(([name, version]) => `${name}@${version}`)
  execFileSync('npm', ['install', ...flags, ...specs], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * Returns the version of an installed library; undefined when it is not there.
 * @param {string} name
 * @returns {string | undefined}
 */
function versionOf(name) {
  const file = [CACHE, join(MODULES, '..')]
    .map((folder) => join(folder, 'node_modules', name, 'package.json'))
    .find((path) => existsSync(path))
  return file && JSON.parse(readFileSync(file, 'utf8')).version
}

module.exports = { install, load, versionOf }
