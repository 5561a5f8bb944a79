import type { RequestListener, Server } from 'node:http'
import type { Router, RouterOptions } from 'express'
import type { ListenerSpec } from '../config/normalize'
import { CallbackError } from '../base/errors'
import type { Reachable } from '../listener/paths/callback-url'
import type { ListenerRequest } from '../listener/request-scope'
import { isMountedWithParams } from '../listener/paths/mount-params'
import { type MountPath } from '../listener/paths/mount-path'
import { createRouteTable } from '../listener/paths/route-table'
import { type CallbackRoute, type CallbackRoutes, type Middleware, sortRoutes, take } from '../listener/router'
import { loadPeer } from '../base/peers'
import { isSamePath, trimPath } from '../base/same-path'
import { answerNotFound, createCallbackServer } from './server'
import type { StandaloneServer } from './servers'

/** A listener of the config with its compiled callbacks. */
export interface CompiledListener {
  readonly listener: ListenerSpec
  readonly routes: readonly CallbackRoute[]
}

/** The ways in which callbacks are put before requests. */
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
}

/** Gives the mounts of compiled listeners. */
export function createMounts(
  all: readonly CompiledListener[],
  { reachable, mountPath, onFirstRequest }: MountsOptions,
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
        onFirstRequest()
      }
      if (take(routes, request, response)) return
      if (next) next()
      else answerNotFound(request, response)
    }
  }

  return {
    middleware: toMiddleware(allRoutes, all),
    router(port) {
      const listeners = onPort(port)
      if (listeners.length === 0) throw unknownPort(port, all)
      return createRouter({ mergeParams: true }).use(toMiddleware(toRoutes(listeners), listeners))
    },
    createServer: (app) => createCallbackServer((...exchange) => take(allRoutes, ...exchange, mountPath), app),
    createServers() {
      return groupByAddress(all).map((group) => {
        const [{ listener }] = group
        const routes = toRoutes(group)
        const server = createCallbackServer((...exchange) => take(routes, ...exchange), undefined)
        return { host: listener.host, port: listener.port, server }
      })
    },
  }
}

type Group = readonly [CompiledListener, ...CompiledListener[]]

/** Listeners of one host and port share a server; each that asks for any free port gets one of its own. */
function groupByAddress(all: readonly CompiledListener[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const [index, compiled] of all.entries()) {
    const { host, port } = compiled.listener
    const key = port === 0 ? `any ${index}` : `${host} ${port}`
    const group = groups.get(key)
    groups.set(key, group ? [...group, compiled] : [compiled])
  }
  return [...groups.values()]
}

/**
 * Creates what learns from requests where the host app has mounted the listeners. One whose base URL differs from the
 * first, or holds parameters, shows that no request tells the mount path of another.
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
