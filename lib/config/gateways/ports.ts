import type { Reading } from '../field/fields'
import { findNearest } from '../../base/values/nearest'

/** What a template can read of a gateway. */
const FIELDS: readonly string[] = ['public_url', 'port', 'public_address', 'driver', 'state']

/**
 * Checks what templates read of gateways: another field than there is would be empty text in a callback URL, which is
 * an error; a port that has no gateway is a warning, since it fails when it is rendered.
 */
export function checkGatewayReferences(
  { report, templates }: Reading,
  gateways: readonly { readonly port: number }[],
): void {
  const ports = new Set(gateways.map(({ port }) => String(port)))
  for (const { path, template } of templates) {
    for (const { source, path: steps } of template.references) {
      const [port, name] = steps
      if (source !== 'gateway' || port === undefined) continue
      if (typeof name === 'string' && !FIELDS.includes(name))
        report.error(path, describeUnknownField(port, name), 'ERR_CONFIG_TEMPLATE')
      if (!ports.has(String(port))) report.warn(path, describeMissing(String(port), ports), 'ERR_GATEWAY_MISSING')
    }
  }
}

function describeUnknownField(port: string | number, name: string): string {
  const nearest = findNearest(name, FIELDS)
  const advice = nearest === undefined ? `there are ${FIELDS.join(', ')}` : `did you mean "${nearest}"?`
  return `\${gateway:${port}.${name}} reads what no gateway has: ${advice}`
}

function describeMissing(port: string, ports: ReadonlySet<string>): string {
  if (/^\d+$/.test(port))
    return `\${gateway:${port}…} reads a gateway that is not defined; it fails when it is rendered`
  const [known = 'PORT'] = ports
  return `\${gateway.${port}…} names no port; write \${gateway:${known}.public_url}`
}
