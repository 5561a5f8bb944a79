import type { Reading } from './fields'
import type { GatewaySpec } from './normalize-gateway'

/** Warns of templates that read a gateway on a port that has none. */
export function warnOfMissingGateways({ report, templates }: Reading, gateways: readonly GatewaySpec[]): void {
  const ports = new Set(gateways.map(({ port }) => String(port)))
  for (const { path, template } of templates) {
    for (const { source, path: steps } of template.references) {
      const [port] = steps
      if (source !== 'gateway' || port === undefined || ports.has(String(port))) continue
      const message = `\${gateway:${port}…} reads a gateway that is not defined; it fails when it is rendered`
      report.warn(path, message, 'ERR_GATEWAY_MISSING')
    }
  }
}
