import express from 'express'

const express4: typeof express = require('express4')

/** The versions of Express that are supported. */
export const VERSIONS = [
  { version: 5, express },
  { version: 4, express: express4 },
] as const
