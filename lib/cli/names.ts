import { SECTIONS } from '../config/sections/plural'

/** The name that a workflow without a name has inside. */
export const UNNAMED_WORKFLOW = SECTIONS.workflows.unnamed

const UNNAMED = /\b(?:the )?(workflow|job|component) ("?)__\1__\2(?![\p{L}\p{N}_/"])/giu
const LISTED = /(?<=[:,] )__(?:workflow|job|component)__(?![\p{L}\p{N}_/"])/gu

/** Whether a name is one that stands for none. */
export function isUnnamed(name: string): boolean {
  return /^__(?:workflow|job|component)__$/.test(name)
}

/** A text without the names that what has no name goes by inside: `workflow "__workflow__"` becomes `the workflow`. */
export function hideUnnamed(text: string): string {
  const named = text.replaceAll(UNNAMED, (found: string, noun: string) => {
    const isLower = found.charAt(0) === found.charAt(0).toLowerCase()
    return `${isLower ? 'the' : 'The'} ${noun.toLowerCase()}`
  })
  return named.replaceAll(LISTED, 'one without a name')
}
