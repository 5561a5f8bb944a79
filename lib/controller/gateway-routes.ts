import { CallbackError } from '../base/errors'
import type { GatewayStatus } from '../base/contracts'
import { json } from './answer'
import type { Route } from './routes'
import { viewGateway } from './views'

/** Creates the routes that show gateways, and the QR code of the public URL of each. */
export function createGatewayRoutes(statuses: () => Iterable<GatewayStatus>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/gateways',
      doc: { summary: 'Lists the gateways and their public URLs', answers: { 200: 'GatewayList' } },
      answer: () => json(200, [...statuses()].map(viewGateway)),
    },
    {
      method: 'GET',
      path: '/gateways/{id}/qr',
      doc: {
        summary: 'Draws the public URL of the gateway of a port as a QR code',
        answers: { 200: 'QrCode' },
        errors: ['ERR_NOT_FOUND'],
      },
      answer: ({ id }) => json(200, createQrCode(findPublicUrl(id, [...statuses()]))),
    },
  ]
}

/** Throws `ERR_NOT_FOUND` for a port that has no gateway, or whose gateway has no public URL now. */
function findPublicUrl(port: string, statuses: readonly GatewayStatus[]): string {
  const status = statuses.find((one) => String(one.port) === port)
  if (status?.publicUrl !== undefined) return status.publicUrl
  const named = `The port ${JSON.stringify(port.slice(0, 20))}`
  const ports = statuses.map((one) => one.port).join(', ') || 'none'
  const message =
    status === undefined
      ? `${named} has no gateway; the ports with one: ${ports}`
      : `${named} has no public URL now: its gateway is ${status.state}`
  throw new CallbackError('ERR_NOT_FOUND', { message })
}

/** A QR code: one text for each row, with `1` for a dark square and `0` for a light one. */
interface QrCode {
  /** How many squares it is wide and high, without the margin of 4 that it needs. */
  readonly size: number
  readonly rows: readonly string[]
}

/** What is called of qrcode-generator, whose own types need those of a browser. */
type CreateCode = (
  size: 0,
  correction: 'M',
) => {
  addData(text: string): void
  make(): void
  getModuleCount(): number
  isDark(row: number, column: number): boolean
}

function createQrCode(text: string): QrCode {
  // Loaded here, since few look at one.
  const create: CreateCode = require('qrcode-generator')
  // The smallest code that holds the text; a seventh of it may be dirty.
  const code = create(0, 'M')
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  const indexes = Array.from({ length: size }, (_, index) => index)
  const rows = indexes.map((row) => indexes.map((column) => (code.isDark(row, column) ? '1' : '0')).join(''))
  return { size, rows }
}
