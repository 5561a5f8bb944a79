import { isMapping, type Mapping } from './plain'

/** Parses a text that is one JSON mapping; returns undefined for any other text. */
export function parseMapping(text: string): Mapping | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMapping(value) ? value : undefined
  } catch {
    return undefined
  }
}
