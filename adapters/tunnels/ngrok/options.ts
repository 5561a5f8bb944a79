import type { TunnelRequest } from '../../../lib/base/contracts'
import { readText } from '../options'

/** What the config says for ngrok. */
export interface NgrokOptions {
  /** Of the account, from the gateway or `NGROK_AUTHTOKEN`. */
  readonly authtoken: string | undefined
  /** A domain of the account, without `https://`; a public URL that is known beforehand names it too. */
  readonly domain: string | undefined
}

/** Reads what the config and the environment say for ngrok. */
export function readNgrokOptions({ options, env }: TunnelRequest): NgrokOptions {
  return {
    authtoken: (readText(options, 'authtoken') ?? env['NGROK_AUTHTOKEN'])?.trim() || undefined,
    domain:
      (readText(options, 'domain') ?? readText(options, 'publicUrl'))
        ?.replace(/^https?:\/\//, '')
        .replace(/\/+$/, '') || undefined,
  }
}
