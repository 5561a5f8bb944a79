/** A text that other languages use to mark a value, and that is plain text here. */
export interface ForeignMark {
  readonly found: string
  /** How the value is written here. */
  readonly meant: string
  /** Whether the text is nothing else. */
  readonly isWhole: boolean
}

/** As in Mustache, Jinja or the expressions of GitHub: `{{ body.id }}`. */
const DOUBLE = /(?<!\$)\{\{\s*([\w.[\]-]{1,200})\s*\}\}/g
/** As in Python or C#: `{body.id}`; a text in braces alone may be anything. */
const SINGLE = /(?<![${])\{(\w{1,100}(?:\.[\w-]{1,100}|\[\d{1,9}\]){1,20})\}(?!\})/g
/** As in OpenAPI or in routes, `{id}` and `/:id`: in the URL of a request neither is meant as text. */
const IN_URL = /(?<![${])\{(\w{1,100})\}(?!\})|(?<=[^/]\/):([a-z_]\w{0,100})(?=[/?#]|$)/gi

/**
 * Finds the first mark of another language in a template. A mark counts when it names one of the sources that can be read
 * there; in the URL of a request any name does.
 */
export function findForeignMark(
  template: unknown,
  sources: ReadonlySet<string>,
  isUrl: boolean,
): ForeignMark | undefined {
  const text = typeof template === 'string' ? template : (JSON.stringify(template, writeBigInt) ?? '')
  const example = sources.has('input') ? 'input' : 'body'
  for (const pattern of isUrl ? [DOUBLE, SINGLE, IN_URL] : [DOUBLE, SINGLE]) {
    for (const [found, braced = '', named] of text.matchAll(pattern)) {
      const name = named ?? braced
      const isSource = sources.has(/^\w+/.exec(name)?.[0] ?? '')
      if (!isSource && !isUrl) continue
      return { found, meant: isSource ? `\${${name}}` : `\${${example}.${name}}`, isWhole: found === text.trim() }
    }
  }
  return undefined
}

/** Says what to write instead. */
export function describeForeignMark({ found, meant, isWhole }: ForeignMark): string {
  const advice = isWhole ? `did you mean "${meant}"?` : `a template is written "${meant}"`
  return `"${found}" is plain text here; ${advice}`
}

function writeBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
