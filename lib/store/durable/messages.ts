import type { Ledger } from '../../base/contracts'

/** What processes tell each other. A message may get lost. */
export type Message =
  /** An outcome has ended a wait. */
  | { readonly is: 'settled'; readonly key: string }
  /** An outcome was parked, which matters to a process whose wait the store has lost. */
  | { readonly is: 'parked'; readonly key: string }
  /** A wait has taken what was parked. */
  | { readonly is: 'taken'; readonly key: string }
  | { readonly is: 'progress'; readonly endpoint: string; readonly key: string; readonly kept: unknown }
  /** A process was found dead; if it lives, it registers its waits again. */
  | { readonly is: 'gone'; readonly by: string }
  /** A process has closed; its runs are to go on elsewhere. */
  | { readonly is: 'left'; readonly owner: string }
  /** A run is to be cancelled. */
  | { readonly is: 'cancel'; readonly run: string }
  /** A wait by name has ended. */
  | { readonly is: 'named'; readonly name: string }

export type Publish = (message: Message) => Promise<void>

/** Creates what tells the other processes. Does nothing where no other process can have the ledger open. */
export function createPublish(ledger: Ledger, isShared: boolean): Publish {
  return async (message) => {
    if (isShared) await ledger.publish(message)
  }
}
