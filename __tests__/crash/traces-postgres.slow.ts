import { describe, test } from '@jest/globals'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { describeTraces } from './traces'
import { onServer } from './worlds'

if (withoutPostgres === undefined) describeTraces(onServer('postgres', usePostgres()))
else describe('traces on PostgreSQL', () => test.skip(`needs a PostgreSQL server: ${withoutPostgres}`, () => undefined))
