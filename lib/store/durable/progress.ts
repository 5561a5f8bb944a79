import type { Progress, StoreEndpoint } from '../../base/contracts'
import type { Registry } from '../registry'
import { fromKept, toKept } from './codec'
import { keyOf } from './keys/key'
import type { Message, Publish } from './messages'
import type { LocalWaits } from './waits/local-waits'

export interface ProgressOptions {
  readonly registry: Registry
  readonly here: LocalWaits
  readonly isShared: boolean
  readonly publish: Publish
  readonly open: () => Promise<void>
}

/** Tells waits that their work goes on, in whichever process they are. */
export interface ProgressDesk {
  tell(endpoint: StoreEndpoint, progress: Progress): Promise<void>
  onMessage(message: Extract<Message, { readonly is: 'progress' }>): void
}

/** Creates what passes on callbacks that are pending; none of them is kept. */
export function createProgress({ registry, here, isShared, publish, open }: ProgressOptions): ProgressDesk {
  return {
    async tell(endpoint, progress) {
      const { id } = keyOf(endpoint, progress.id)
      registry.progress(endpoint, progress)
      if (!isShared || here.has(id)) return
      await open()
      await publish({ is: 'progress', endpoint: endpoint.key, key: id, kept: toKept(progress) })
    },
    onMessage({ key, kept }) {
      const [first] = here.find(key)
      if (first) registry.progress(first.key.endpoint, fromKept(kept) as Progress)
    },
  }
}
