import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CallbackError, codeOf, reasonOf } from '../../../lib/base/errors'

/** The part of Node's `FileHandle` that is used. */
export interface OpenFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

/** Opens and renames the files of a ledger; tests replace it by one that fails. */
export interface Files {
  open(path: string, flags: string, mode: number): Promise<OpenFile>
  rename(from: string, to: string): Promise<void>
}

export const NODE_FILES: Files = { open, rename }

/** Only the user that runs the process may read the callbacks. */
export const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** Creates a folder where it is missing, so that it survives a loss of power. Returns its whole path. */
export async function makeFolder(path: string): Promise<string> {
  const folder = resolve(path)
  const made = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  for (let above = folder; made !== undefined && above.length >= made.length; above = dirname(above))
    await syncFolder(dirname(above))
  return folder
}

/** Makes the name of a new or renamed file durable. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // Windows opens no folders, and makes names durable by itself
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes all of the bytes: a write to a disk that is nearly full may be done in part. */
export async function writeFully(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** Creates `ERR_STORE_UNAVAILABLE` for an error of the file system, with the path, the reason and what to do. */
export function storeUnavailable(doing: string, path: string, cause: unknown): CallbackError {
  if (cause instanceof CallbackError) return cause
  const code = codeOf(cause)
  const reason = code ?? reasonOf(cause)
  const message = `Cannot ${doing} ${path}: ${reason}. ${ADVICE[code ?? ''] ?? 'Check the disk that it is on'}`
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message, cause })
}

/** Whether an error says that a disk is full, or that its quota is used up. */
export function isFull(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

const MAKE_ROOM = 'Make room on its disk; it goes on by itself'
const ALLOW = 'Let the user of this process write there, or choose another store.path'
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: MAKE_ROOM,
  EDQUOT: MAKE_ROOM,
  EACCES: ALLOW,
  EPERM: ALLOW,
  EROFS: ALLOW,
  ENOTDIR: 'store.path must be a folder',
  EEXIST: 'store.path must be a folder',
  // Node also has this code for a folder that cannot be made on a read-only file system.
  ENOENT: 'It is not there and cannot be made: is its disk mounted, and may the user of this process write there?',
  EMFILE: 'Allow the process more open files (ulimit -n)',
}
