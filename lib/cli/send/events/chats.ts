import { type CreateSample, json, type Moment, toSeconds } from './sample'

/** Events of Slack (docs.slack.dev/apis/events-api). */
export const SLACK: Readonly<Record<string, CreateSample>> = {
  app_mention: (moment) => slack(moment, { type: 'app_mention', text: '<@U0BOT00042> paint a cat' }),
  message: (moment) => slack(moment, { type: 'message', channel_type: 'channel', text: 'paint a cat' }),
}

function slack(moment: Moment, event: object): ReturnType<CreateSample> {
  const seconds = toSeconds(moment)
  const ts = `${seconds}.${String(moment.now % 1000).padStart(6, '0')}`
  return json({
    token: 'verification-token-of-the-app',
    team_id: 'T0TEAM0042',
    api_app_id: 'A0APP00042',
    event: { user: 'U0ADA00042', channel: 'C0CHAN0042', ts, event_ts: ts, team: 'T0TEAM0042', ...event },
    type: 'event_callback',
    event_id: `Ev${moment.createId(9).toUpperCase()}`,
    event_time: seconds,
    authorizations: [{ enterprise_id: null, team_id: 'T0TEAM0042', user_id: 'U0BOT00042', is_bot: true }],
    is_ext_shared_channel: false,
  })
}

const NUMBERS = { From: '+15005550006', To: '+15005550042' }

/** Callbacks of Twilio (www.twilio.com/docs/messaging/guides/webhook-request): forms. */
export const TWILIO: Readonly<Record<string, CreateSample>> = {
  sms: (moment) => {
    const sid = `SM${moment.createId(32)}`
    const fields = { NumMedia: '0', NumSegments: '1', SmsStatus: 'received', Body: 'Paint a cat, please' }
    return twilio(moment, { ToCountry: 'US', FromCountry: 'US', MessageSid: sid, SmsSid: sid, ...fields })
  },
  'message-status': (moment) => {
    const sid = `SM${moment.createId(32)}`
    return twilio(moment, { MessageSid: sid, SmsSid: sid, MessageStatus: 'delivered', SmsStatus: 'delivered' })
  },
}

function twilio(moment: Moment, fields: object): ReturnType<CreateSample> {
  return {
    headers: { 'user-agent': 'TwilioProxy/1.1', 'i-twilio-idempotency-token': moment.createId(32) },
    type: 'application/x-www-form-urlencoded; charset=UTF-8',
    body: { ...fields, ...NUMBERS, AccountSid: `AC${moment.createId(32)}`, ApiVersion: '2010-04-01' },
  }
}
