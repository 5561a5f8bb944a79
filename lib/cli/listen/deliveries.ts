import { reasonOf } from '../../base/errors'
import { Course } from '../../deliveries/course'
import { createDeliveries, type DeliveriesOptions, type DeliveryLog } from '../../deliveries/deliveries'
import type { Target } from './forward'
import type { Exchange } from './recorder'

/** The requests that came through the tunnel, as deliveries that can be looked at and sent again. */
export interface TunnelDeliveries extends DeliveryLog {
  /** Keeps a request that is over. */
  note(exchange: Exchange): void
  /** Sends the latest request again. Resolves to what there is to say when it cannot be done. */
  repeatLast(): Promise<string | undefined>
}

type Options = Pick<DeliveriesOptions, 'clock' | 'logger' | 'mask'>

const SPEC = { keep: 1000, maxBytes: 16 * 1024 ** 2, path: undefined } as const

/** Creates the deliveries of a tunnel to a target; the latest 1,000, or 16 MB of them, are kept in memory. */
export function createTunnelDeliveries(target: Target, options: Options): TunnelDeliveries {
  const log = createDeliveries(SPEC, {
    ...options,
    secretHeaders: new Set(),
    secretParameters: new Set(),
    async repeat({ method, target: path, rawHeaders, body = Buffer.alloc(0) }, course) {
      const { status, why } = await target.repeat({ method, target: path, rawHeaders, body })
      end(course, { body, bytes: body.length, status, why })
    },
    explain: async () => [],
  })

  return {
    ...log,
    note({ method, url, rawHeaders, ms, isAnswered, why, ...exchange }) {
      const course = new Course(target.name, options.clock.now() - ms, method, url, rawHeaders, undefined)
      end(course, { ...exchange, why: isAnswered ? why : 'It was broken off before its answer' })
      log.recorder?.end(course)
    },
    async repeatLast() {
      const [latest] = await log.list({ limit: 1 })
      if (latest === undefined) return 'No request came yet that could be sent again'
      return log.replay(latest.id).then(
        () => undefined,
        (error: unknown) => reasonOf(error),
      )
    },
  }
}

/** Notes what became of a request. No endpoint took it, and nobody asked for a proof of its sender. */
function end(course: Course, { body, bytes, status, why }: Pick<Exchange, 'body' | 'bytes' | 'status' | 'why'>): void {
  course.end('unrouted')
  course.isVerified = true
  course.keepBody(body)
  course.bodyBytes = bytes
  course.status = status
  course.why = why
}
