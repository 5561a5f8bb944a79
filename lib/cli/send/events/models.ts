import { type CreateSample, json, type Moment, toIso, toSeconds } from './sample'

const IMAGE = 'https://files.example.com/cat.png'

/** Events of Replicate (replicate.com/docs/topics/webhooks): the prediction itself. */
export const REPLICATE: Readonly<Record<string, CreateSample>> = {
  completed: (moment) =>
    json({
      ...prediction(moment, 'succeeded'),
      output: [IMAGE],
      error: null,
      logs: 'Using seed: 7141\n100%|##########| 4/4 [00:02<00:00]',
      metrics: { predict_time: 2.41 },
    }),
  failed: (moment) =>
    json({
      ...prediction(moment, 'failed'),
      output: null,
      error: 'CUDA out of memory',
      logs: 'Using seed: 7141',
      metrics: { predict_time: 0.73 },
    }),
}

function prediction(moment: Moment, status: string): object {
  const id = moment.createId(26)
  return {
    id,
    model: 'black-forest-labs/flux-schnell',
    version: 'hidden',
    input: { prompt: 'a cat' },
    status,
    created_at: toIso(moment, 3200),
    started_at: toIso(moment, 2600),
    completed_at: toIso(moment),
    data_removed: false,
    urls: {
      get: `https://api.replicate.com/v1/predictions/${id}`,
      cancel: `https://api.replicate.com/v1/predictions/${id}/cancel`,
    },
  }
}

/** Events of fal (docs.fal.ai/model-apis/model-endpoints/webhooks): a request that has ended. */
export const FAL: Readonly<Record<string, CreateSample>> = {
  completed: (moment) => {
    const payload = {
      images: [{ url: IMAGE, content_type: 'image/png', width: 1024, height: 768, file_name: 'cat.png' }],
      seed: 7141,
      has_nsfw_concepts: [false],
      prompt: 'a cat',
    }
    return fal(moment, { status: 'OK', payload })
  },
  failed: (moment) => {
    const detail = [{ loc: ['body', 'prompt'], msg: 'field required', type: 'value_error.missing' }]
    return fal(moment, { status: 'ERROR', error: 'Invalid status code: 422', payload: { detail } })
  },
}

function fal(moment: Moment, outcome: object): ReturnType<CreateSample> {
  const id = moment.createId(32)
  const headers = { 'x-fal-webhook-request-id': id, 'x-fal-webhook-user-id': 'user-1042' }
  return json({ request_id: id, gateway_request_id: id, ...outcome }, headers)
}

/** Events of OpenAI (platform.openai.com/docs/guides/webhooks): they name the response, which is fetched then. */
export const OPENAI: Readonly<Record<string, CreateSample>> = {
  'response.completed': (moment) => openai(moment, 'response.completed'),
  'response.failed': (moment) => openai(moment, 'response.failed'),
}

function openai(moment: Moment, type: string): ReturnType<CreateSample> {
  const id = `evt_${moment.createId(32)}`
  const data = { id: `resp_${moment.createId(48)}` }
  const body = { object: 'event', id, type, created_at: toSeconds(moment), data }
  return json(body, { 'user-agent': 'OpenAI/1.0', 'webhook-id': `wh_${moment.createId(32)}` })
}

/** Events in the form that Standard Webhooks recommends: type, timestamp and data. */
export const STANDARD_WEBHOOKS: Readonly<Record<string, CreateSample>> = {
  'task.completed': (moment) => {
    const data = { id: moment.createId(16), status: 'completed', result: { url: IMAGE } }
    return json({ type: 'task.completed', timestamp: toIso(moment), data })
  },
  'task.failed': (moment) => {
    const data = { id: moment.createId(16), status: 'failed', error: 'the model was out of memory' }
    return json({ type: 'task.failed', timestamp: toIso(moment), data })
  },
}
