/** Gives what takes secrets out of a text: `***` stands in their place. Those that are missing or empty are none. */
export function createRedact(secrets: readonly (string | undefined)[] = []): (text: string) => string {
  const known = secrets.filter((secret) => secret !== undefined).filter((secret) => secret !== '')
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
