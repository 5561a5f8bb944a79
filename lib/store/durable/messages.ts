/** What processes tell each other. A message may get lost. */
export type Message =
  /** A callback has ended a wait; or it was parked, which matters to a process whose wait the store has lost. */
  | { readonly is: 'settled' | 'parked' | 'taken'; readonly key: string }
  | { readonly is: 'progress'; readonly endpoint: string; readonly key: string; readonly kept: unknown }
  /** A process was found dead; if it lives, it has to say so. */
  | { readonly is: 'gone'; readonly by: string }
  /** A process has closed; its runs are to go on elsewhere. */
  | { readonly is: 'left'; readonly owner: string }
  /** Somebody wants a run cancelled. */
  | { readonly is: 'cancel'; readonly run: string }
  /** A wait by name has ended. */
  | { readonly is: 'named'; readonly name: string }
