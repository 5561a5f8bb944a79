/** The ids of what has none in the config. Tasks, events and templates hold them; sentences do not. */
export const UNNAMED = { workflow: '__workflow__', job: '__job__', component: '__component__' } as const

/** Whether an id stands for none. */
export function isUnnamed(id: string): boolean {
  return Object.values<string>(UNNAMED).includes(id)
}

/** Names something in a sentence: `workflow "paint"`, or `the workflow` when it has no id in the config. */
export function nameOf(noun: keyof typeof UNNAMED, id: string, quote: (id: string) => string = JSON.stringify): string {
  return id === UNNAMED[noun] ? `the ${noun}` : `${noun} ${quote(id)}`
}

/** Names something at the beginning of a sentence: `Job "draw"`, or `The job`. */
export function nameAtStart(...named: Parameters<typeof nameOf>): string {
  const name = nameOf(...named)
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Lists ids in a sentence. */
export function listNames(ids: readonly string[]): string {
  return ids.map((id) => (isUnnamed(id) ? 'one without a name' : id)).join(', ')
}
