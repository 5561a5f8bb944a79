import { describe, test } from '@jest/globals'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import { describeCrashes } from './crashes'
import { describeSharedCrashes } from './shared-crashes'
import { onServer } from './worlds'

if (withoutRedis === undefined) {
  const site = onServer('redis', useRedis())
  describeCrashes(site)
  describeSharedCrashes(site)
} else {
  describe('crashes on Redis', () => test.skip(`all of it (skipped: ${withoutRedis})`, () => undefined))
}
