/** Knows where the controller shows how a task is doing. */
export interface StatusUrls {
  /** Takes note of the path under which the host app has mounted the controller; empty for its root. */
  noteMount(path: string): void
  /** Takes note of the URL at which the controller has a server of its own; undefined when that is closed. */
  noteServer(url: string | undefined): void
  /** Returns the URL of a task, or its path on the server that was called; undefined where no controller is known. */
  of(task: string): string | undefined
}

/** Creates the URLs of a controller that is not served yet. */
export function createStatusUrls(): StatusUrls {
  let mount: string | undefined
  let server: string | undefined
  return {
    noteMount(path) {
      mount = path
    },
    noteServer(url) {
      server = url
    },
    of(task) {
      const base = mount ?? server
      return base === undefined ? undefined : `${base}/tasks/${encodeURIComponent(task)}`
    },
  }
}
