/** Returns the name by which this machine reaches a server that listens on a host, as it is written in a URL. */
export function toLocalHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '[::]' || host === 'localhost') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
