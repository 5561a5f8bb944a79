/** How many runs a property has: as many as a test can afford, or a multiple, as in `FUZZ_TIMES=100 npx jest property`. */
export function runs(count: number): number {
  return count * Number(process.env['FUZZ_TIMES'] ?? 1)
}

/** How long they may take, in milliseconds. */
export const FUZZ_MS = runs(30_000)
