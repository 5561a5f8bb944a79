import { connect, type Socket } from 'node:net'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { writeAddress } from '../options'
import type { SshChannel, SshClient } from './library'

/** Leads connections from the server to the local port. */
export interface SshForward {
  /** Ends those that are open. */
  close(): void
}

/**
 * Joins every connection to the port on the server with one to the local port. The one on the
 * server is accepted once the local one is open, so that a caller is refused at once when nothing listens here.
 */
export function forwardConnections(
  client: SshClient,
  { host, port, logger }: Pick<TunnelRequest, 'host' | 'port' | 'logger'>,
): SshForward {
  const sockets = new Set<Socket>()
  let isClosed = false
  let isWarned = false

  function warn(error: Error): void {
    const message = `[Gateway] A caller was turned away, since ${writeAddress({ host, port })} does not answer: ${error.message}`
    logger[isWarned ? 'debug' : 'warn']({ port }, message)
    isWarned = true
  }

  client.on('tcp connection', (_details, accept, reject) => {
    if (isClosed) return
    const local = connect({ host, port, allowHalfOpen: true, noDelay: true })
    let channel: SshChannel | undefined
    sockets.add(local)
    local.once('close', () => sockets.delete(local))
    local.once('connect', () => {
      channel = accept()
      join(channel, local)
    })
    local.on('error', (error) => {
      if (channel !== undefined) return void channel.destroy()
      warn(error)
      reject()
    })
  })

  return {
    close() {
      isClosed = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Each side may end before the other; what was written by then still arrives. */
function join(channel: SshChannel, local: Socket): void {
  // Written to after its end, when both sides end at once.
  channel.on('error', () => undefined)
  channel.pipe(local)
  local.pipe(channel)
  channel.once('close', () => local.destroySoon())
  local.once('close', () => {
    if (channel.writableFinished) channel.close()
    else channel.once('finish', () => channel.close())
  })
}
