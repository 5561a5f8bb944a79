import { dirname } from 'node:path'
import { sealLines } from './line'
import { FILE_MODE, type Files, type OpenFile, syncFolder, writeFully } from '../system'

/**
 * The file of a journal, of which everything before `end` is whole. What fails has left nothing behind: what a failed
 * write left after the end is cut away, at the latest before the next one.
 */
export class JournalFile {
  readonly path: string
  /** In bytes. */
  end = 0
  /** The number that the next line will have. */
  next = 1
  /**
   * Whether nothing in the file can be relied on until it is rewritten: it does not exist yet, or the disk did not
   * confirm that it has everything. After that a second fsync says nothing, since the system may have dropped what it
   * could not write (fsync(2), and "Can applications recover from fsync failures?", Rebello et al., USENIX ATC 2020).
   */
  isDoubtful = true
  /** Counts how often another file took its place. */
  generation = 0
  readonly #files: Files
  #handle: OpenFile | undefined
  #isTorn = false

  constructor(path: string, files: Files) {
    this.path = path
    this.#files = files
  }

  /** Opens the file that is there. */
  async open(): Promise<void> {
    this.#handle = await this.#files.open(this.path, 'r+', FILE_MODE)
  }

  /** Takes what was read for whole, up to the line before the next number, and cuts away what follows. */
  async trust(end: number, next: number): Promise<void> {
    this.end = end
    this.next = next
    await this.#cut()
    this.isDoubtful = false
  }

  /** Reads from a position into the bytes; returns how many were read. */
  async read(bytes: Uint8Array, position: number): Promise<number> {
    const { bytesRead } = await this.#opened().read(bytes, 0, bytes.length, position)
    return bytesRead
  }

  /** Adds a line for each text, with the next numbers. */
  async append(texts: readonly string[], isSynced: boolean): Promise<void> {
    const bytes = sealLines(this.next, texts)
    if (this.#isTorn) await this.#cut()
    this.#isTorn = true
    try {
      await writeFully(this.#opened(), bytes, this.end)
      if (isSynced) await this.sync()
    } catch (error) {
      await this.#cut().catch(() => undefined) // tried again before the next write
      throw error
    }
    this.end += bytes.length
    this.next += texts.length
    this.#isTorn = false
  }

  async sync(): Promise<void> {
    try {
      await this.#opened().datasync()
    } catch (error) {
      this.isDoubtful = true
      throw error
    }
  }

  /** Puts another file, which is synced, in the place of this one; closes it when that fails. */
  async replace(path: string, file: OpenFile, end: number): Promise<void> {
    await this.close() // Windows replaces no file that is open
    try {
      await this.#files.rename(path, this.path)
    } catch (error) {
      await file.close().catch(() => undefined)
      await this.open().catch(() => (this.isDoubtful = true))
      throw error
    }
    this.#handle = file
    this.end = end
    this.#isTorn = false
    this.isDoubtful = true
    this.generation++
    await syncFolder(dirname(this.path))
    this.isDoubtful = false
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close().catch(() => undefined) // what is synced is there all the same
  }

  async #cut(): Promise<void> {
    await this.#opened().truncate(this.end)
    this.#isTorn = false
  }

  #opened(): OpenFile {
    if (this.#handle === undefined) throw new Error('the file is not open')
    return this.#handle
  }
}
