import { statSync } from 'node:fs'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { badOptions, readText, resolveFile } from '../options'

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

/** Reads which tunnel the gateway asks for. Throws `ERR_GATEWAY_OPTIONS` for what cannot be opened. */
export function readCloudflaredTunnel({ options, env }: TunnelRequest): CloudflaredTunnel {
  const token = readText(options, 'token')
  const tunnel = readText(options, 'tunnel')
  const file = readText(options, 'credentialsFile')
  if (token !== undefined && (tunnel ?? file) !== undefined)
    throw badOptions('"token" and "tunnel" with "credentials_file" both name a tunnel; write one of them')
  if (token !== undefined) return { kind: 'token', token, publicUrl: readPublicUrl(options) }
  if (tunnel === undefined && file === undefined) {
    const key = ['hostname', 'publicUrl'].find((name) => readText(options, name) !== undefined)
    if (key === undefined) return { kind: 'quick' }
    const name = key === 'publicUrl' ? 'public_url' : key
    throw badOptions(
      `"${name}" is of a named tunnel: add its "token", or its "tunnel" and "credentials_file". Without "${name}" ` +
        'a quick tunnel is opened, whose URL Cloudflare makes up',
    )
  }
  if (tunnel === undefined || file === undefined)
    throw badOptions(
      `"${tunnel === undefined ? 'tunnel' : 'credentials_file'}" is missing: "tunnel" says which tunnel to run, ` +
        '"credentials_file" names the JSON file that "cloudflared tunnel create" wrote for it',
    )
  const credentialsFile = resolveFile(file, env)
  if (statSync(credentialsFile, { throwIfNoEntry: false })?.isFile() !== true)
    throw badOptions(`"credentials_file" is no file: ${credentialsFile}. "cloudflared tunnel create" writes it`)
  return { kind: 'credentials', tunnel, credentialsFile, publicUrl: readPublicUrl(options) }
}

function readPublicUrl(options: TunnelRequest['options']): string {
  const publicUrl = readText(options, 'publicUrl')
  if (publicUrl !== undefined) return publicUrl
  const hostname = readText(options, 'hostname')
  if (hostname === undefined)
    throw badOptions(
      'a named tunnel needs "hostname": the public name that leads to it in the Cloudflare dashboard, such as ' +
        'hooks.example.com. cloudflared never prints it',
    )
  const name = hostname.replace(/^https:\/\//i, '').replace(/\/$/, '')
  if (!/^[a-z\d-]+(?:\.[a-z\d-]+)+$/i.test(name))
    throw badOptions(`"hostname" is ${JSON.stringify(hostname)}; expected a name such as hooks.example.com`)
  return `https://${name}`
}
