import { open, rename } from 'node:fs/promises'
import type { Files, OpenFile } from '../../adapters/stores/file/system'

export type FileAction = 'open' | 'write' | 'read' | 'truncate' | 'datasync' | 'close' | 'rename'

/** Real files, of which a test says what fails, and sees what is done. */
export interface WatchedFiles extends Files {
  /** The actions that fail, and with which code of the system. A write that fails has written half. */
  readonly failing: Map<FileAction, string>
  /** What was done, in its order. */
  readonly done: FileAction[]
  /** Called before and after each action. */
  onStep: (path: string) => void
}

export function watchFiles(): WatchedFiles {
  const watched: WatchedFiles = {
    failing: new Map(),
    done: [],
    onStep: () => undefined,
    open: (path, flags, mode) => act('open', path, async () => watchFile(path, await open(path, flags, mode))),
    rename: (from, to) => act('rename', to, () => rename(from, to)),
  }

  async function act<T>(action: FileAction, path: string, work: () => Promise<T>): Promise<T> {
    const code = watched.failing.get(action)
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected`), { code })
    watched.onStep(path)
    const result = await work()
    watched.done.push(action)
    watched.onStep(path)
    return result
  }

  function watchFile(path: string, file: OpenFile): OpenFile {
    return {
      async write(bytes, offset, length, position) {
        if (watched.failing.has('write')) await file.write(bytes, offset, Math.floor(length / 2), position)
        return act('write', path, () => file.write(bytes, offset, length, position))
      },
      read: (bytes, offset, length, position) => act('read', path, () => file.read(bytes, offset, length, position)),
      truncate: (length) => act('truncate', path, () => file.truncate(length)),
      datasync: () => act('datasync', path, () => file.datasync()),
      close: () => act('close', path, () => file.close()),
    }
  }

  return watched
}
