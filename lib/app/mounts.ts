import type { RequestListener, Server } from 'node:http'
import type { Router, RouterOptions } from 'express'
import type { ListenerSpec } from '../config/normalize'
import { CallbackError } from '../base/errors'
import type { Reachable } from '../listener/paths/callback-url'
import type { ListenerRequest } from '../body/request'
import { isMountedWithParams } from '../listener/paths/mount-params'
import type { MountPath } from '../listener/paths/mount-path'
import { createRouteTable } from '../listener/paths/route-table'
import { type CallbackRoutes, type Middleware, sortRoutes, take } from '../listener/router'
import type { StrayRequests } from '../listener/paths/stray-requests'
import type { Arrivals } from '../store/arrivals'
import { loadPeer } from '../base/peers'
import { isSamePath, trimPath } from '../base/same-path'
import type { CompiledListener } from './listeners'
import { answerNotFound, type AppServer, createCallbackServer, serverBehind } from './server'
import type { StandaloneServer } from './servers'

/** The ways to mount the callbacks. */
export interface Mounts {
  /** Express middleware for all listeners. */
  readonly middleware: Middleware
  router(port: number): Router
  createServer(app?: RequestListener): Server
  /** Standalone servers, one for each port. */
  createServers(): readonly StandaloneServer[]
}

export interface MountsOptions {
  /** Learns where the host app mounts the listeners. */
  readonly reachable: Reachable
  readonly mountPath: MountPath | undefined
  readonly onFirstRequest: () => void
  /** Told of the server of the app that brings the first request. */
  readonly onServer: (server: AppServer | undefined) => void
  readonly arrivals: Pick<Arrivals, 'noteRequest'>
  /** Told of the requests that no endpoint takes. */
  readonly strays: StrayRequests
}

/** Creates the mounts of compiled listeners. */
export function createMounts(
  all: readonly CompiledListener[],
  { reachable, mountPath, onFirstRequest, onServer, arrivals, strays }: MountsOptions,
): Mounts {
  const allRoutes = toRoutes(all)
  const onPort = (port: number): readonly CompiledListener[] => all.filter(({ listener }) => listener.port === port)

  function toMiddleware(routes: CallbackRoutes, listeners: readonly CompiledListener[]): Middleware {
    const learn = createMountLearner(listeners, reachable)
    let isFirst = true
    return (request: ListenerRequest, response, next) => {
      learn(request)
      if (isFirst) {
        isFirst = false
        arrivals.noteRequest()
        onFirstRequest()
        onServer(serverBehind(request))
      }
      if (take(routes, request, response)) return
      if (next) {
        strays.notePassedOn(request)
        next()
      } else {
        strays.noteRefused(request)
        answerNotFound(request, response)
      }
    }
  }

  /** A server of our own; what no endpoint takes is the app's, or nobody's. */
  function toServer(routes: CallbackRoutes, app: RequestListener | undefined, mount?: MountPath): Server {
    const note = app ? strays.notePassedOn : strays.noteRefused
    const server = createCallbackServer((request, response) => {
      const isTaken = take(routes, request, response, mount)
      if (!isTaken) note(request, mount)
      return isTaken
    }, app)
    return server.once('request', () => {
      arrivals.noteRequest()
      onServer(server)
    })
  }

  return {
    middleware: toMiddleware(allRoutes, all),
    router(port) {
      const listeners = onPort(port)
      if (listeners.length === 0) throw unknownPort(port, all)
      return createRouter({ mergeParams: true }).use(toMiddleware(toRoutes(listeners), listeners))
    },
    createServer: (app) => toServer(allRoutes, app, mountPath),
    createServers() {
      return groupByAddress(all).map((group) => {
        const [{ listener }] = group
        return { host: listener.host, port: listener.port, server: toServer(toRoutes(group), undefined) }
      })
    },
  }
}

type Group = readonly [CompiledListener, ...CompiledListener[]]

/** Names the server of a listener: those of one host and port share one, and each with port 0 has its own. */
export function serverOf({ host, port }: Pick<ListenerSpec, 'host' | 'port'>, index: number): string {
  return port === 0 ? `any ${index}` : `${host} ${port}`
}

/** The listeners of each server. */
function groupByAddress(all: readonly CompiledListener[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const [index, compiled] of all.entries()) {
    const key = serverOf(compiled.listener, index)
    const group = groups.get(key)
    groups.set(key, group ? [...group, compiled] : [compiled])
  }
  return [...groups.values()]
}

/**
 * Creates the function that learns from requests where the host app mounts the listeners. When the base URLs of two
 * requests differ, or one has parameters, a request does not tell the mount path of the next.
 */
function createMountLearner(
  listeners: readonly CompiledListener[],
  { mounts }: Reachable,
): (request: ListenerRequest) => void {
  const ports = new Set(listeners.map(({ listener }) => listener.port))
  let seen: unknown
  let varies = false
  return (request) => {
    const { baseUrl } = request
    if (varies || baseUrl === seen || typeof baseUrl !== 'string') return
    seen = baseUrl
    varies = isMountedWithParams(request)
    for (const port of ports) {
      const { path = trimPath(baseUrl), varies: isOften = false } = mounts.get(port) ?? {}
      varies ||= isOften || !isSamePath(path, baseUrl)
      mounts.set(port, { path, varies })
    }
  }
}

function toRoutes(listeners: readonly CompiledListener[]): CallbackRoutes {
  return createRouteTable(sortRoutes(listeners.flatMap(({ routes }) => routes)))
}

/** Creates an empty router. Throws `ERR_CONFIG_UNSUPPORTED` without Express, which is a peer. */
export function createRouter(options?: RouterOptions): Router {
  const express: typeof import('express') = loadPeer('express', 'A router', () => require('express'))
  return express.Router(options)
}

function unknownPort(port: number, all: readonly CompiledListener[]): CallbackError {
  const ports = [...new Set(all.map(({ listener }) => listener.port))].join(', ') || 'none'
  return new CallbackError('ERR_ENDPOINT_UNKNOWN', { message: `No listener has the port ${port}; there are ${ports}` })
}
