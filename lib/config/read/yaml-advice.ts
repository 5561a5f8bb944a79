import type { ErrorCode } from 'yaml'

/** What to do about the mistakes that are made most often, by the code that the library gives them. */
const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_INDENT:
    'indent this line and the one above it by the same number of spaces, or by two more where it belongs below that one',
  BAD_SCALAR_START: 'put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'either the line below is indented too far, or this text has a ": " and needs quotes, or a "-" lacks the space behind it',
  BLOCK_IN_FLOW: 'close the brackets first',
  MULTILINE_IMPLICIT_KEY: 'a key needs ": " behind it, with the space',
  TAB_AS_INDENT: 'indent by spaces',
}

/** Returns what to do about a mistake in YAML, to follow its message; empty where the message says enough. */
export function adviseOnYaml(code: ErrorCode): string {
  const advice = ADVICE[code]
  return advice === undefined ? '' : `: ${advice}`
}
