import { connect } from 'node:net'

const PROBE_MS = 2000

/** Resolves to whether a program accepts connections on a port; true when it does not answer in two seconds, or before the end. */
export function isListening(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_MS, signal })
    const end = (found: boolean): void => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(true))
    socket.once('error', () => end(signal.aborted))
  })
}
