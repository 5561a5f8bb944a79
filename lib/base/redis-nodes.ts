/** Returns a url for each of the nodes that the url of a Redis Cluster names, which commas part: `redis://a:7000,b:7001`. */
export function splitNodes(url: string): readonly string[] {
  const [, begin = '', hosts = '', end = ''] = /^(\w+:\/\/(?:.*@)?)([^/?#@]*)(.*)$/s.exec(url) ?? []
  return hosts.split(',').map((host) => `${begin}${host}${end}`)
}
