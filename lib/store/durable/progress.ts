import type { Pending, PendingArrival, Progress, StoreEndpoint } from '../../base/contracts'
import type { Registry } from '../registry'
import { fromKept, toKept } from './codec'
import type { Deliveries } from './delivery'
import { keyOf } from './keys/key'
import type { Message, Publish } from './messages'
import type { LocalWaits } from './waits/local-waits'

export interface ProgressOptions {
  readonly registry: Registry
  readonly here: LocalWaits
  readonly isShared: boolean
  readonly publish: Publish
  readonly open: () => Promise<void>
  /** Delivers a pending callback to the waits for many. */
  readonly pass: Deliveries['pass']
}

/** Tells waits that their work goes on, in whichever process they are. */
export interface ProgressDesk {
  tell(endpoint: StoreEndpoint, progress: Progress, more?: PendingArrival): Promise<Pending>
  onMessage(message: Extract<Message, { readonly is: 'progress' }>): void
}

/** Creates what passes on callbacks that are pending; only waits for many keep them. */
export function createProgress({ registry, here, isShared, publish, open, pass }: ProgressOptions): ProgressDesk {
  return {
    async tell(endpoint, progress, more) {
      const { id, anonymous } = keyOf(endpoint, progress.id)
      if (!anonymous) {
        await open()
        if ((await pass(endpoint, progress, more)) === 'duplicate') return 'duplicate'
      }
      registry.progress(endpoint, progress)
      if (!isShared || here.has(id)) return 'pending'
      await open()
      await publish({ is: 'progress', endpoint: endpoint.key, key: id, kept: toKept(progress) })
      return 'pending'
    },
    onMessage({ key, kept }) {
      const [first] = here.find(key)
      if (first) registry.progress(first.key.endpoint, fromKept(kept) as Progress)
    },
  }
}
