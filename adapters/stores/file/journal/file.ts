import { dirname } from 'node:path'
import { sealLines } from './line'
import { FILE_MODE, type Files, type OpenFile, syncFolder, writeFully } from '../system'

/**
 * The file of a journal. Everything before `end` is whole. What a failed write has left behind the end is cut away, at the
 * latest before the next write.
 */
export class JournalFile {
  readonly path: string
  /** In bytes. */
  end = 0
  /** The number that the next line will have. */
  next = 1
  /**
   * Whether the file must be rewritten before it is used: it does not exist yet, or an fsync failed. A second fsync proves
   * nothing then, since the system may have dropped what it could not write (fsync(2), and "Can applications recover from
   * fsync failures?", Rebello et al., USENIX ATC 2020).
   */
  isDoubtful = true
  /** How often another file has replaced it. */
  generation = 0
  readonly #files: Files
  #handle: OpenFile | undefined
  #isTorn = false

  constructor(path: string, files: Files) {
    this.path = path
    this.#files = files
  }

  /** Opens the file, which must exist. */
  async open(): Promise<void> {
    this.#handle = await this.#files.open(this.path, 'r+', FILE_MODE)
  }

  /** Sets the end behind the last whole line and the number of the next line, and cuts away the rest. */
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

  /** Replaces the file by another one, which must be synced; closes that one when this fails. */
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
    await handle?.close().catch(() => undefined) // what is synced stays
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
