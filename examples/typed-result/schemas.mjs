import { z } from 'zod'

/** What the photo service says of a picture: its date is a text, and becomes a Date. */
export const Picture = z.object({
  url: z.url(),
  made: z.iso.datetime().transform((text) => new Date(text)),
})

/** What the price service says. */
export const Price = z.object({ cents: z.int().positive() })
