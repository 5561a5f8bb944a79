import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a disk of so many megabytes at a path; only root may. */
export function mountDisk(path: string, megabytes: number): void {
  mkdirSync(path)
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' })
}

/** Takes a disk away again, with what is on it. */
export function unmountDisk(path: string): void {
  execFileSync('/bin/umount', [path])
  rmSync(path, { recursive: true })
}

/** Writes to a file until the disk has no room at all. */
export function fillDisk(path: string): void {
  for (let size = 256 * 1024; size >= 1;) {
    try {
      appendFileSync(path, Buffer.alloc(size))
    } catch {
      size = Math.floor(size / 2)
    }
  }
}

/** Says why no disk can be made here; undefined when it can. */
export function whyNoDisk(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has a tmpfs'
  if (process.getuid?.() !== 0) return 'only root may mount a tmpfs'
  const folder = mkdtempSync(join(tmpdir(), 'file-ledger-disk-'))
  const path = join(folder, 'disk')
  try {
    mountDisk(path, 1)
    unmountDisk(path)
    return undefined
  } catch (error) {
    return `no tmpfs can be mounted here: ${String(error)}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
