'use strict'

// Loads what an app needs, and lets it begin when a byte is written to it: a process that was killed is replaced at once.

const { readSync } = require('node:fs')
require('express')
require('ioredis')
require('pg')
require('../../../dist/lib/index.js')

readSync(0, Buffer.alloc(1))
