import { describeContract } from './shared-contract'

describeContract('redis')
