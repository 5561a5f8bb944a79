/**
 * One form of a mapping, such as a gateway of one driver. The types of what a user writes are made of these, so that an editor
 * knows which keys go together.
 */
export interface Variant {
  /** The name of its type, such as `NgrokGateway`. */
  readonly name: string
  /** The key that tells it from the others, and the words that stand there; without words, any text. */
  readonly tag: { readonly key: string; readonly words?: readonly string[] }
  /** Whether the key that tells it may be left out. */
  readonly isImplied?: boolean | undefined
  /** The keys that it cannot do without. */
  readonly needs?: readonly string[]
  /** The keys of the mapping that only other forms read. */
  readonly without?: readonly string[]
  /** Whether it may lack what it needs where the app gives a client in its options. */
  readonly isOfClient?: boolean
}

/** Returns the name of a type: `standard-webhooks` and `Verify` make `StandardWebhooksVerify`. */
export function nameType(word: string, kind: string): string {
  return `${word.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}${kind}`
}
