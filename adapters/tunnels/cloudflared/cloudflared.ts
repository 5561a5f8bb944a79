import type { TunnelDriver, TunnelRequest } from '../../../lib/base/contracts'
import { createCloudflaredCommand, createCloudflaredContainer, createEmptyFile } from './command'
import { createCloudflaredMetrics } from './metrics'
import { readCloudflaredTunnel } from './options'
import { type CloudflaredOutput, createCloudflaredOutput } from './output'
import { wantsDocker } from '../program/docker'
import { findCloudflared } from './find'
import { readNumber } from '../options'
import { openProgramTunnel, type TunnelProgram } from '../program/program-tunnel'

/**
 * How long a new name settles. It appears in the DNS a few seconds after cloudflared is connected, and a resolver that
 * asks too early may remember for half an hour that the name does not exist.
 */
const SETTLE_MS = 5000

/**
 * Opens a tunnel by cloudflared: a quick one, or by `token` or `tunnel` and `credentialsFile` a named one. It is open
 * when its URL is known, it is connected to Cloudflare, and a quick one's name has settled.
 */
export const openCloudflared: TunnelDriver = async (request) => {
  const tunnel = readCloudflaredTunnel(request)
  const isNamed = tunnel.kind !== 'quick'
  const isContainer = wantsDocker(request)
  const file = isContainer ? undefined : await findCloudflared(request)
  const config = createEmptyFile()
  try {
    const output = createCloudflaredOutput({ isNamed })
    const opened = await openProgramTunnel(
      {
        name: 'cloudflared',
        command:
          file === undefined
            ? createCloudflaredContainer(tunnel, request)
            : createCloudflaredCommand(file, tunnel, request, config.path),
        read: output.read,
        publicUrl: tunnel.publicUrl,
        isStable: isNamed,
        settleMs: readNumber(request.options, 'settleMs') ?? (isNamed ? 0 : SETTLE_MS),
        ...askingMetrics(output, request, isNamed),
      },
      request,
    )
    void opened.closed.finally(config.remove)
    return opened
  } catch (error) {
    config.remove()
    throw error
  }
}

/** Only on Linux does a container share its metrics with this machine; elsewhere its output alone tells its health. */
function askingMetrics(
  output: CloudflaredOutput,
  request: TunnelRequest,
  isNamed: boolean,
): Pick<TunnelProgram, 'confirm' | 'check'> {
  if (wantsDocker(request) && process.platform !== 'linux')
    return { check: async () => (output.isRefused ? 'gone' : 'up') }
  const { confirm, check } = createCloudflaredMetrics(output, request)
  return isNamed ? { check } : { confirm, check }
}
