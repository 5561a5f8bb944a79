import type { CallbackError } from '../../base/errors'
import type { LoneDriver } from '../../config/gateways/drivers'
import { tunnelReasonOf } from './log'

interface Ways {
  /** The variable in place of the key `bin`. */
  readonly bin: string
  readonly program: string
}

/** How each driver gets its program where there is no config. */
const WAYS: Readonly<Record<LoneDriver, Ways>> = {
  cloudflare: { bin: 'CLOUDFLARED_BIN', program: 'name it by CLOUDFLARED_BIN, or use --driver ngrok' },
  ngrok: { bin: 'NGROK_BIN', program: 'name it by NGROK_BIN and set NGROK_AUTHTOKEN, or use --driver cloudflare' },
}
/** The keys of a gateway that drivers name. */
const KEY =
  /"(authtoken|bin|credentials_file|domain|host|hostname|image|install|port|public_url|runtime|token|tunnel)(?::[^"]*)?"|\b(credentials_file|public_url)\b/

/** Returns advice for a command without a config when the driver's message is about one; else undefined. */
export function adviseOn(error: CallbackError, driver: LoneDriver): string | undefined {
  const { bin, program } = WAYS[driver]
  if (error.code === 'ERR_GATEWAY_PROGRAM') return `Here, without a config: install it, ${program}`
  const [, quoted, bare] = KEY.exec(tunnelReasonOf(error)) ?? []
  const key = quoted ?? bare
  if (key === undefined) return undefined
  const instead = key === 'bin' ? `; here it is ${bin}` : ''
  return `A key such as "${key}" belongs in a callbacks.yml, for "express-callbacks up"${instead}`
}
