const SECRET =
  /authori[sz]|authenti|cookie|signature|secret|token(?!s)|passw|passphrase|credential|hmac|jwt|session|(?:api|access|auth|signing)-?_?key|(?:^|[-_])(?:auth|sig|key|pass|pwd|otp|csrf)(?:[-_]|$)/i
/** These name a request, and are no proof of its sender. */
const HARMLESS = /^(?:x-)?idempotency[-_]key$/i

/** Whether the value of a header, a field or a query parameter authenticates somebody, by its name. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name)
}

/** Of OAuth: a code can be exchanged for a token. Elsewhere than in a query, a `code` is rarely secret. */
const GRANT = /^code(?:_verifier)?$/i

/** Whether the value of a parameter in the query of a request is secret, by its name. */
export function isSecretParameter(name: string): boolean {
  return isSecretName(name) || GRANT.test(name)
}

const VARIABLE =
  /(?:SECRET|TOKEN|KEY|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|(?:^|_)(?:PASS|PWD))S?(?:_?\d+|_(?:OLD|NEW|NEXT|PREVIOUS|LIVE|PROD|TEST|DEV|BASE|V\d+))?$/i
/** Variables of every shell that name folders. */
const DIRECTORIES = /^(?:OLD)?PWD$/

/** Whether the value of a variable of the environment is secret, by its name. */
function isSecretVariable(name: string): boolean {
  return VARIABLE.test(name) && !DIRECTORIES.test(name)
}

/** The values of an environment that are secret, by the names of their variables; and the passwords in its URLs. */
export function listSecrets(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    isSecretVariable(name) ? [value.trim()] : passwordIn(value.trim()),
  )
}

/** Returns the password in a URL, as it is written and decoded; empty texts where there is none. */
export function passwordIn(text: string): readonly string[] {
  if (!/^[a-z][\w+.-]*:\/\/[^/?#]*@/i.test(text) || !URL.canParse(text)) return []
  const { password } = new URL(text)
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
