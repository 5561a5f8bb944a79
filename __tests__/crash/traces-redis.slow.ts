import { describe, test } from '@jest/globals'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import { describeTraces } from './traces'
import { onServer } from './worlds'

if (withoutRedis === undefined) describeTraces(onServer('redis', useRedis()))
else describe('traces on Redis', () => test.skip(`needs a Redis server: ${withoutRedis}`, () => undefined))
