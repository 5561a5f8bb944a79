import { describe, test } from '@jest/globals'
import { describeStore } from '../helpers/store-contract'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import { onServer } from './shared-store'

if (withoutRedis === undefined) {
  describeStore('the store on Redis', onServer('redis', useRedis()))
} else {
  describe('the store on Redis', () => test.skip(`all of it (skipped: ${withoutRedis})`, () => undefined))
}
