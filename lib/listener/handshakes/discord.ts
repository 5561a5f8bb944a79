import { type Challenge, type ChallengeAnswer, jsonAnswer } from './answer'

const PING_OF_INTERACTIONS = 1
const PING_OF_EVENTS = 0

/** Discord wants a content type even where there is no content. */
const ACKNOWLEDGED: ChallengeAnswer = { status: 204, type: 'application/json' }

/**
 * Discord's pings, once the sender is verified: `type: 1` of interactions is answered with itself
 * (docs.discord.com/developers/interactions/overview), `type: 0` of webhook events with 204
 * (docs.discord.com/developers/events/webhook-events). There `type: 1` is an event, and has the key `event`.
 */
export function compileDiscord(): Challenge {
  return {
    afterVerify(_request, body) {
      if (typeof body !== 'object' || body === null || !('type' in body) || 'event' in body) return undefined
      if (body.type === PING_OF_INTERACTIONS) return jsonAnswer({ type: PING_OF_INTERACTIONS })
      return body.type === PING_OF_EVENTS ? ACKNOWLEDGED : undefined
    },
  }
}
