import type { RequestListener, Server } from 'node:http'
import type { Router } from 'express'
import type { EventListener, EventName } from '../base/events'
import type { OptionNames } from '../base/given-options'
import type { Middleware } from '../listener/router'
import type { InferOutput, StandardSchema } from '../base/schemas/standard-schema'
import type { Stats } from './stats'
import type { Delivery, GatewayStatus, Outcome, Progress } from '../base/contracts'
import type { Task, TaskState } from '../workflow/tasks/task'

/** One id or several under which a callback may come. */
export type Ids = string | number | readonly (string | number)[]

/** What waits and tickets have in common. */
interface CommonOptions {
  /** The endpoint, as written in the config or with `base_path`, or in full as `PUT /done`; any endpoint when left out. */
  readonly path?: string | undefined
  /** Milliseconds, or text such as `"5m"`; default: the endpoint's `timeout`. */
  readonly timeout?: number | string | undefined
  /** Ends the wait with `ERR_ABORTED`; with a `key`, only the promise of this call. */
  readonly signal?: AbortSignal | undefined
  /**
   * A name of the wait's own: the same key is the same wait, with its ids, its deadline and its result, in every process
   * that has the store, and after a restart. It is known until a day after its end.
   */
  readonly key?: string | undefined
  /**
   * What the result must fit: a schema of zod, valibot, arktype or any other Standard Schema. What the schema makes of the
   * result is the result; where it does not fit, the callback is acknowledged and the promise rejects with `ERR_RESULT_SCHEMA`.
   */
  readonly schema?: StandardSchema | undefined
}

/** A schema whose output is the type of a result. */
interface WithSchema<S extends StandardSchema> {
  readonly schema: S
}

export interface TicketOptions extends CommonOptions {
  /**
   * The path under which the callbacks are mounted for this ticket, such as `"/tenants/7/hooks"`; default:
   * `options.mountPath`, else what requests have shown. Needed where that path has parameters.
   */
  readonly mountPath?: string | undefined
}

export interface WaitOptions extends CommonOptions {
  /** Called for every callback whose status says that the work goes on. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Whether the promise resolves to all of the callback instead of its result. */
  readonly full?: boolean | undefined
  /**
   * Returns whether a callback ends the wait. One for which it is false is acknowledged and told as `filtered`, and the wait
   * goes on. It may be asked twice for one callback. Not with a `key`.
   */
  readonly when?: ((callback: Outcome) => boolean) | undefined
}

/** What a wait with `full: true` resolves to. */
export interface FullResult<T> {
  readonly result: T
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly endpoint: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/** What an iteration over the callbacks for an id is asked for with. */
export interface EachOptions<T> {
  /** The endpoint, as written in the config or with `base_path`, or in full as `PUT /done`; any endpoint when left out. */
  readonly path?: string | undefined
  /**
   * How long to wait for the next callback: milliseconds, or text such as `"5m"`; default: the endpoint's `timeout`. For a
   * limit in all give `signal: AbortSignal.timeout(ms)`.
   */
  readonly timeout?: number | string | undefined
  /** Ends the iteration with `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /**
   * A name of the iteration's own: with it the next one who asks, in this process or after a restart, goes on behind the
   * last callback whose loop body has ended. `break` and `signal` end only the loop of this process then.
   */
  readonly key?: string | undefined
  /** Whether the loop gets all of each callback instead of its result. */
  readonly full?: boolean | undefined
  /** Returns whether a callback is the last one, which the loop still gets. */
  readonly until?: ((result: T, callback: Outcome | Progress) => boolean) | undefined
  /**
   * What the result of each callback must fit, of pending ones too; the loop gets what the schema makes of it, and throws
   * `ERR_RESULT_SCHEMA` for one that does not fit.
   */
  readonly schema?: StandardSchema | undefined
}

/** What an iteration with `full: true` gets of each callback. */
export interface EachResult<T> extends FullResult<T> {
  /** `pending` when its status says that the work goes on. */
  readonly outcome: 'pending' | 'succeeded' | 'failed'
  readonly status: string | undefined
}

/** The callbacks for an id, one after another. `return()`, which `break` calls, frees the wait at once. */
export interface Iterated<T> extends AsyncIterableIterator<T> {
  next(): Promise<IteratorResult<T, undefined>>
  return(): Promise<IteratorResult<T, undefined>>
}

/** An id that nobody can guess, the URL that carries it, and the result of the callback to that URL. */
export interface Ticket<T> {
  readonly id: string
  readonly url: string
  readonly result: Promise<T>
}

export interface CloseOptions {
  /**
   * How long callbacks are still taken for open waits and running tasks before those are ended: milliseconds or `"10s"`.
   * Default 0.
   */
  readonly drain?: number | string | undefined
}

/** Names the endpoint of a settlement by hand, where there are several: by its path, or in full as `PUT /done`. */
export interface SettleOptions {
  readonly path?: string | undefined
}

export interface RunOptions {
  /** The workflow by its id; default: the only one, or the one with `default: true`. */
  readonly workflow?: string | undefined
  /** Milliseconds, or text such as `"5m"`: cancels the task when it has not ended by then. Default: no limit. */
  readonly timeout?: number | string | undefined
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined
}

export interface RunAndWaitOptions extends RunOptions {
  /** What the output must fit; where it does not, the promise rejects with `ERR_RESULT_SCHEMA`. See `wait`. */
  readonly schema?: StandardSchema | undefined
}

export interface ListenOptions {
  /** Whether the `controller` of the config is served too; default true. */
  readonly controller?: boolean | undefined
}

/** What `listen()` opened. */
export interface Listeners {
  /** The ports of the listeners. */
  readonly ports: readonly number[]
  /** The port of the controller, where it is served. */
  readonly controllerPort: number | undefined
  close(): Promise<void>
}

/** Express middleware that answers callbacks, with the means to wait for them and to run workflows. */
export interface Callbacks extends Middleware {
  /**
   * Waits for a callback; the wait is registered before this returns. Resolves to the callback's result, or with
   * `full: true` to all of it. Throws at once for an empty id, an unknown path or an unknown option; rejects with
   * `ERR_CALLBACK_FAILED`, `ERR_RESULT_SCHEMA`, `ERR_TEMPLATE`, `ERR_WAIT_TIMEOUT`, `ERR_ABORTED`, `ERR_CLOSED` or
   * `ERR_WAITS_FULL`. A
   * rejection that nobody awaits harms nobody. With a `key` it is the wait that was begun by that key, in this process or
   * another; rejects with `ERR_WAIT_KEY` when that wait has other ids.
   */
  wait<S extends StandardSchema>(
    ids: Ids,
    options: WaitOptions & WithSchema<S> & { readonly full: true },
  ): Promise<FullResult<InferOutput<S>>>
  wait<S extends StandardSchema>(
    ids: Ids,
    options: WaitOptions & WithSchema<S> & { readonly full?: false | undefined },
  ): Promise<InferOutput<S>>
  wait<T = unknown>(ids: Ids, options: WaitOptions & { readonly full: true }): Promise<FullResult<T>>
  wait<T = unknown>(ids: Ids, options?: WaitOptions & { readonly full?: false | undefined }): Promise<T>
  wait<T = unknown>(ids: Ids, options: WaitOptions): Promise<T | FullResult<T>>
  /**
   * Iterates over all callbacks for an id, pending ones too, in the order in which they come; the wait is registered before
   * this returns, with a `key` as soon as the store has it. It ends after a callback with a status of `success_when`, after
   * the one for which `until` returns true, and by `break`; what came meanwhile is kept up to a limit, and then the sender is
   * told to try again. Throws at once as `wait` does; `next()` rejects as `wait` does. With a `key`, what the loop has dealt
   * with does not come again, and the callback that it was at when its process died does.
   */
  each<S extends StandardSchema>(
    ids: Ids,
    options: EachOptions<InferOutput<S>> & WithSchema<S> & { readonly full: true },
  ): Iterated<EachResult<InferOutput<S>>>
  each<S extends StandardSchema>(
    ids: Ids,
    options: EachOptions<InferOutput<S>> & WithSchema<S> & { readonly full?: false | undefined },
  ): Iterated<InferOutput<S>>
  each<T = unknown>(ids: Ids, options: EachOptions<T> & { readonly full: true }): Iterated<EachResult<T>>
  each<T = unknown>(ids: Ids, options?: EachOptions<T> & { readonly full?: false | undefined }): Iterated<T>
  each<T = unknown>(ids: Ids, options: EachOptions<T>): Iterated<T | EachResult<T>>
  /**
   * Creates an id that nobody can guess, and the callback URL that carries it, for services that know no ids. Throws
   * `ERR_ENDPOINT_AMBIGUOUS` when there are several endpoints and no `path`, or several mount paths and no `mountPath`,
   * `ERR_CONFIG_VALUE` for a `mountPath` that is no path, and `ERR_GATEWAY_NOT_READY`. With a `key` every caller gets the
   * same ticket; it is a promise then, since the ticket may be in the store already.
   */
  ticket<S extends StandardSchema>(
    options: TicketOptions & WithSchema<S> & { readonly key: string },
  ): Promise<Ticket<InferOutput<S>>>
  ticket<S extends StandardSchema>(
    options: TicketOptions & WithSchema<S> & { readonly key?: undefined },
  ): Ticket<InferOutput<S>>
  ticket<T = unknown>(options: TicketOptions & { readonly key: string }): Promise<Ticket<T>>
  ticket<T = unknown>(options?: TicketOptions & { readonly key?: undefined }): Ticket<T>
  ticket<T = unknown>(options: TicketOptions): Ticket<T> | Promise<Ticket<T>>
  /**
   * Ends the waits for an id with a result, as a callback would; `each` gets it as one more. For tests and operators. Rejects
   * with `ERR_RESULT_SCHEMA` where the endpoint refuses a result that does not fit its schema (`on_mismatch: refuse`), and with
   * `ERR_SCHEMA_UNAVAILABLE` where that schema throws or does not answer.
   */
  settle(id: string | number, result?: unknown, options?: SettleOptions): Promise<Delivery>
  /** Ends the waits for an id with `ERR_CALLBACK_FAILED`, whose cause is `error`; for tests and operators. */
  fail(id: string | number, error?: unknown, options?: SettleOptions): Promise<Delivery>
  /**
   * Runs a workflow and resolves to its output. Rejects with the error of the job that failed first (its code, and the
   * status and body that came with it), with `ERR_RESULT_SCHEMA`, `ERR_WORKFLOW_UNKNOWN`, `ERR_CANCELLED`, `ERR_ABORTED`, `ERR_WAIT_TIMEOUT`
   * or `ERR_CLOSED`.
   */
  run<S extends StandardSchema>(input: unknown, options: RunAndWaitOptions & WithSchema<S>): Promise<InferOutput<S>>
  run<T = unknown>(input?: unknown, options?: RunAndWaitOptions): Promise<T>
  /**
   * Starts a workflow and resolves to its task, as soon as the store keeps it. Rejects with `ERR_WORKFLOW_UNKNOWN`,
   * `ERR_CLOSED` and `ERR_STORE_UNAVAILABLE`; after the last the store may have kept the task all the same, and then it
   * runs.
   */
  submit<T = unknown>(input?: unknown, options?: RunOptions): Promise<Task<T>>
  /** How a task is doing; undefined for one that is unknown, or that ended too long ago (`store.keep`). */
  task(id: string): Promise<TaskState | undefined>
  /** Renders any template against the environment, the gateways and these sources. Rejects with `ERR_TEMPLATE`. */
  render(template: unknown, sources?: Readonly<Record<string, unknown>>): Promise<unknown>
  /**
   * Opens the store, whose runs go on then, and the gateways; call it once the app listens. The first callback, run or
   * render that needs them opens them too. Rejects with `ERR_STORE_UNAVAILABLE`, or with why a gateway has no tunnel
   * (`ERR_GATEWAY_…`); the log has that reason too.
   */
  open(): Promise<void>
  /** A router for the listeners of one port, to mount apart. `app.use(hooks)` mounts them all. */
  router(port: number): Router
  /** A server that answers callbacks before the app sees them, and hands everything else to the app. */
  createServer(app?: RequestListener): Server
  /**
   * Serves every listener on a port of its own, and the controller, then opens the gateways. Rejects with `ERR_LISTEN`
   * when a port cannot be had, or with why a gateway has no tunnel; gateways that are open then stay so until `close()`.
   */
  listen(options?: ListenOptions): Promise<Listeners>
  /** Ends everything, last opened first; open waits and running tasks reject with `ERR_CLOSED`. May be called again. */
  close(options?: CloseOptions): Promise<void>
  on<Name extends EventName>(event: Name, listener: EventListener<Name>): Callbacks
  off<Name extends EventName>(event: Name, listener: EventListener<Name>): Callbacks
  stats(): Stats
  /** The HTTP API over workflows and tasks, to mount where you like: `app.use('/_callbacks', hooks.controller)`. */
  readonly controller: Router
  /** How each gateway is doing, by its port; changes by itself. */
  readonly gateways: ReadonlyMap<number, GatewayStatus>
}

const RUN: OptionNames<RunOptions> = { workflow: true, timeout: true, signal: true }
const SETTLE: OptionNames<SettleOptions> = { path: true }
const NAMED = { path: true, timeout: true, signal: true, key: true } as const
const COMMON: OptionNames<CommonOptions> = { ...NAMED, schema: true }

/** The options that each method knows. */
export const KNOWN = {
  wait: { ...COMMON, onProgress: true, full: true, when: true } satisfies OptionNames<WaitOptions>,
  each: { ...NAMED, full: true, until: true, schema: true } satisfies OptionNames<EachOptions<never>>,
  ticket: { ...COMMON, mountPath: true } satisfies OptionNames<TicketOptions>,
  settle: SETTLE,
  fail: SETTLE,
  run: { ...RUN, schema: true } satisfies OptionNames<RunAndWaitOptions>,
  submit: RUN,
  listen: { controller: true } satisfies OptionNames<ListenOptions>,
  close: { drain: true } satisfies OptionNames<CloseOptions>,
} as const
