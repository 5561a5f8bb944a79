import { describeContract } from './shared-contract'

describeContract('postgres')
