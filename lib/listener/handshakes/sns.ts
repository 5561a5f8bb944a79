import { readAmazonUrl } from '../../verify/sns/amazon-hosts'
import { type Challenge, type ChallengeAnswer, EMPTY_ANSWER, refuseHandshake } from './answer'
import { fetchText, type SenderWorld } from '../../verify/fetch-text'
import { unavailable } from '../../verify/errors'

/**
 * Confirms a subscription of Amazon SNS, once its message is verified, by a GET of its SubscribeURL, on Amazon's hosts
 * alone (docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html). When that fails, Amazon is answered 503 and
 * asks again. The message about an ended subscription is acknowledged, and is no callback.
 */
export function compileSnsChallenge(world: SenderWorld): Challenge {
  return {
    afterVerify(_request, body) {
      if (typeof body !== 'object' || body === null || !('Type' in body)) return undefined
      if (body.Type === 'UnsubscribeConfirmation') return EMPTY_ANSWER
      return body.Type === 'SubscriptionConfirmation' ? confirm(world, body) : undefined
    },
  }
}

async function confirm(world: SenderWorld, message: object): Promise<ChallengeAnswer> {
  const url = readAmazonUrl('SubscribeURL' in message ? message.SubscribeURL : undefined)
  if (url === undefined) throw refuseHandshake('SubscribeURL is no URL of Amazon SNS')
  try {
    await fetchText(world, url.href)
  } catch (error) {
    throw unavailable('the subscription could not be confirmed', error)
  }
  return EMPTY_ANSWER
}
