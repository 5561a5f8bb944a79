/** Turns the valibot schema of a config into JSON Schema (draft-07). */
export function createJsonSchema(configSchema: unknown): Readonly<Record<string, unknown>>
