/** Turns the shape of a config into JSON Schema (draft-07). */
export function createJsonSchema(root: unknown): Readonly<Record<string, unknown>>
