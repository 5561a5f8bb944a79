import { gatewaysClosed, type Gateway } from './gateway'
import type { LiveStatus } from './live-status'

/** Gives the gateway of a fixed public URL: ready from the start, and nothing is opened for it. */
export function createStaticGateway(publicUrl: string, status: LiveStatus): Gateway {
  const place = { publicUrl }
  let announced = false
  let closed = false

  async function open(): Promise<void> {
    if (closed) throw gatewaysClosed()
    if (announced) return
    announced = true
    status.change('ready', { place })
  }

  return {
    port: status.get().port,
    status: status.get,
    open,
    ready: open,
    publicUrl: () => publicUrl,
    async close() {
      if (closed) return
      closed = true
      status.change('closed', { place })
    },
  }
}
