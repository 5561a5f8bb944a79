import { statSync } from 'node:fs'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { badOptions, readText, required, resolveFile } from '../options'

/** Which tunnel to open: a quick one, whose URL is made up by Cloudflare, or one of an account. */
export type CloudflaredTunnel =
  | { readonly kind: 'quick'; readonly publicUrl?: undefined }
  | { readonly kind: 'token'; readonly token: string; readonly publicUrl: string }
  | {
      readonly kind: 'credentials'
      /** Its id or its name. */
      readonly tunnel: string
      readonly credentialsFile: string
      readonly publicUrl: string
    }

/** Reads which tunnel the gateway asks for. Throws `ERR_GATEWAY_OPTIONS` for a name or a file that cannot be used. */
export function readCloudflaredTunnel({ options, env }: TunnelRequest): CloudflaredTunnel {
  const token = readText(options, 'token')
  if (token !== undefined) return { kind: 'token', token, publicUrl: readPublicUrl(options) }
  const tunnel = readText(options, 'tunnel')
  if (tunnel === undefined) return { kind: 'quick' }
  const credentialsFile = resolveFile(required(readText(options, 'credentialsFile'), 'credentials_file'), env)
  if (statSync(credentialsFile, { throwIfNoEntry: false })?.isFile() !== true)
    throw badOptions(`"credentials_file" is no file: ${credentialsFile}. "cloudflared tunnel create" writes it`)
  return { kind: 'credentials', tunnel, credentialsFile, publicUrl: readPublicUrl(options) }
}

function readPublicUrl(options: TunnelRequest['options']): string {
  const publicUrl = readText(options, 'publicUrl')
  if (publicUrl !== undefined) return publicUrl
  const hostname = required(readText(options, 'hostname'), 'hostname')
  const name = hostname.replace(/^https:\/\//i, '').replace(/\/$/, '')
  if (!/^[a-z\d-]+(?:\.[a-z\d-]+)+$/i.test(name))
    throw badOptions(`"hostname" is ${JSON.stringify(hostname)}; expected a name such as hooks.example.com`)
  return `https://${name}`
}
