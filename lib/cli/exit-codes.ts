/** All went well. */
export const EXIT_DONE = 0
/** Something went wrong, and was said. */
export const EXIT_FAILED = 1
/** The command line was not understood. */
export const EXIT_USAGE = 2
/** Ctrl-C cut something off. */
export const EXIT_INTERRUPTED = 130
