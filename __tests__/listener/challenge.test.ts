import { describe, expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import type { CallbacksConfig } from '../../lib'
import { eventsOf } from '../helpers/events-of'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const handshake = { type: 'url_verification', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' }
const type = 'application/json'

type Challenge = 'slack' | false | undefined

function listen(challenge: Challenge, more: object = {}): CallbacksConfig {
  const named = challenge !== undefined && { challenge }
  return { listener: { path: '/slack', identify_by: '${body.id}', ...named, ...more } }
}

describe('a handshake is answered with its challenge', () => {
  test.each<[string, Challenge, object, string]>([
    ['as Slack sends it', undefined, { token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl', ...handshake }, type],
    ['as Slack sends it, where the config says slack', 'slack', { token: 'x', ...handshake }, type],
    ['without a token', undefined, handshake, type],
    ['of one character', undefined, { ...handshake, challenge: 'x' }, type],
    ['of 1,024 characters', undefined, { ...handshake, challenge: 'x'.repeat(1024) }, type],
    ['of any characters', undefined, { ...handshake, challenge: '<b>ü€😀</b>\n"${env.X}"' }, type],
    ['with a charset', undefined, handshake, 'application/json; charset=utf-8'],
    ['of a type of JSON', undefined, handshake, 'application/event+json'],
    ['with more keys, where the config says slack', 'slack', { ...handshake, id: 'a', api_app_id: 'b' }, type],
  ])('%s', async (_name, challenge, body, contentType) => {
    const { hooks, post, log } = await hosts.open(listen(challenge))
    const events = eventsOf(hooks)
    const answer = await post('/slack').type(contentType).send(JSON.stringify(body))
    expect([answer.status, answer.text]).toEqual([200, 'challenge' in body ? body.challenge : undefined])
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    expect(events).toEqual([])
    expect(hooks.stats()).toMatchObject({ received: 0, parked: 0, unidentified: 0 })
    expect(log).toEqual([
      { level: 'debug', message: 'POST /slack answered a handshake', details: { endpoint: 'POST /slack' } },
    ])
  })

  test('whose body the host app has parsed already', async () => {
    const { hooks, app, origin } = await hosts.open(listen(undefined), {}, (host) => host.use(express.json()))
    app.use(hooks)
    const answer = await request(origin).post('/slack').send(handshake)
    expect([answer.status, answer.text]).toEqual([200, handshake.challenge])
  })

  test('and not with `response`, also where a list is expected', async () => {
    const { post } = await hosts.open(listen(undefined, { response: { status: 202, body: 'ok' }, bulk: true }))
    const answer = await post('/slack').send(handshake)
    expect([answer.status, answer.text]).toEqual([200, handshake.challenge])
  })
})

describe('is an ordinary callback, and nothing of it is sent back:', () => {
  test.each<[string, Challenge, unknown, string]>([
    ['a handshake where they are turned off', false, handshake, type],
    ['one with more keys', undefined, { ...handshake, event: {} }, type],
    ['another type', undefined, { ...handshake, type: 'event_callback' }, type],
    ['another case', undefined, { ...handshake, type: 'URL_VERIFICATION' }, type],
    ['no type', undefined, { challenge: 'x' }, type],
    ['no challenge', undefined, { type: 'url_verification' }, type],
    ['an empty challenge', undefined, { ...handshake, challenge: '' }, type],
    ['a challenge that is too long', 'slack', { ...handshake, challenge: 'x'.repeat(1025) }, type],
    ['a challenge that is a number', 'slack', { ...handshake, challenge: 5 }, type],
    ['a challenge that is a list', 'slack', { ...handshake, challenge: ['x'] }, type],
    ['a list', 'slack', [handshake], type],
    ['a text', 'slack', JSON.stringify(handshake), type],
    ['null', 'slack', null, type],
    ['JSON that is called text', 'slack', handshake, 'text/plain'],
  ])('%s', async (_name, challenge, body, contentType) => {
    const { hooks, post } = await hosts.open(listen(challenge))
    const answer = await post('/slack').type(contentType).send(JSON.stringify(body))
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ received: 1, unidentified: 1 })
  })

  test('a form', async () => {
    const { hooks, post } = await hosts.open(listen('slack'))
    const answer = await post('/slack').type('form').send(handshake)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ unidentified: 1 })
  })

  test.each<Challenge>([undefined, 'slack'])('one by another method, where challenge is %s', async (challenge) => {
    const { hooks, origin } = await hosts.open(listen(challenge, { method: 'PUT' }))
    const answer = await request(origin).put('/slack').send(handshake)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(hooks.stats()).toMatchObject({ unidentified: 1 })
  })

  test('one with an id that somebody waits for, and more than a handshake', async () => {
    const { hooks, post } = await hosts.open(listen(undefined))
    const wait = hooks.wait('a')
    const body = { ...handshake, id: 'a' }
    expect((await post('/slack').send(body)).text).toBe('')
    await expect(wait).resolves.toEqual(body)
  })
})

describe('a handshake in the config', () => {
  test('that is not known is refused with those that are', () => {
    const config = { listener: { path: '/done', identify_by: '${body.id}', challenge: 'slak' } }
    expect(() => hosts.start(config)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_VALUE',
        at: 'listener.challenge',
        message: expect.stringContaining(
          'There is no handshake "slak"; there are slack, discord, zoom, meta, msgraph, sns, cloudevents, x, or false for none',
        ),
      }),
    )
  })
})
