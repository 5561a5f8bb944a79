/** The way from the top of a config to a value, such as `['listener', 'callbacks', 1, 'path']`. */
export type ConfigPath = readonly (string | number)[]

/** Writes a path as its author would: `listener.callbacks[1].path`; empty for the whole config. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}
