/** Whether a text holds a placeholder; `$${` is the way to write a literal `${`. */
export function hasPlaceholder(text: string): boolean {
  return text.replaceAll('$${', '').includes('${')
}

/** Protects a text from being rendered: every `${` in it becomes `$${`. */
export function escapePlaceholders(text: string): string {
  return text.replaceAll('${', () => '$${')
}

/** Takes the protection away from a text that is never rendered. */
export function unescapePlaceholders(text: string): string {
  return text.replaceAll('$${', () => '${')
}
