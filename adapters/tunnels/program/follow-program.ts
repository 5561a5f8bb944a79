import { CallbackError } from '../../../lib/base/errors'
import { createMask, listSpellings } from '../../../lib/base/secrets/mask'
import { listSecrets } from '../../../lib/base/secrets/secret-names'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { type Child, type Command, startChild } from './child-process'

/** What a line of a program's output tells. */
export type Finding =
  | { readonly kind: 'url'; readonly publicUrl: string }
  | { readonly kind: 'ready' }
  /** The program cannot open its tunnel, or cannot keep it open. */
  | { readonly kind: 'failed'; readonly error: CallbackError }

/** What one line tells: nothing, one thing, or several. */
export type Findings = Finding | readonly Finding[] | undefined

/** A program whose output is read. */
export interface ReadableProgram {
  /** How messages call it: `cloudflared`. */
  readonly name: string
  readonly command: Command
  /** Reads one whole line; called for its whole life. */
  readonly read: (line: string) => Findings
  /** The public URL when it is known beforehand. */
  readonly publicUrl?: string | undefined
  /** Whether the program counts as ready from its start, since it does not say when it is. */
  readonly isReadyAtStart?: boolean
}

/** A program that runs, and what its output has told so far. */
export interface FollowedProgram {
  /** Resolves when the public URL is known and the program is ready. */
  readonly open: Promise<void>
  /** Resolves when the program has ended. */
  readonly ended: Child['ended']
  readonly stop: Child['stop']
  /** The newest public URL. */
  publicUrl(): string | undefined
  /** Why it failed, by its own words. */
  failure(): CallbackError | undefined
  /** An error that quotes its output, without what is secret in its environment. */
  withoutSecrets(error: CallbackError): CallbackError
  /** The last lines that it wrote. */
  lastLines(): readonly string[]
  /** Whether the program did run: its output has told of its tunnel, or the tunnel was announced. */
  hasRun(): boolean
  /** Tells of every other public URL from now on. */
  announce(): void
}

/** How many lines a message quotes, and how much of each. */
const LAST_LINES = 3
const LINE_LENGTH = 300

/** Starts a program and reads what it writes; one that says that it failed is stopped. */
export function followProgram(program: ReadableProgram, request: TunnelRequest): FollowedProgram {
  const { name, command, read } = program
  const { port, logger, clock } = request
  // A program may print its environment. Its lines are read as they are, and shown without secrets.
  const mask = createMask(listSpellings(listSecrets(command.env)))
  const lastLines: string[] = []
  let { publicUrl, isReadyAtStart: isReady = false } = program
  let failure: CallbackError | undefined
  let isAnnounced = false
  let hasTold = false
  let onOpen = (): void => undefined
  const open = new Promise<void>((resolve) => {
    onOpen = resolve
  })

  function withoutSecrets({ code, message }: CallbackError): CallbackError {
    return new CallbackError(code, { message: mask(message) })
  }

  function apply(finding: Finding): void {
    hasTold = true
    if (finding.kind === 'failed') {
      failure ??= withoutSecrets(finding.error)
      void child.stop()
      return
    }
    if (finding.kind === 'ready') isReady = true
    else if (finding.publicUrl !== publicUrl) {
      ;({ publicUrl } = finding)
      if (isAnnounced) request.onPublicUrl(publicUrl)
    }
    if (isReady && publicUrl !== undefined) onOpen()
  }

  function remember(line: string): void {
    if (line.trim() !== '') lastLines.push(mask(line.trim()).slice(0, LINE_LENGTH))
    if (lastLines.length > LAST_LINES) lastLines.shift()
  }

  const child = startChild(command, {
    clock,
    onLine(line) {
      logger.debug({ port, program: name }, `[${name}] ${mask(line)}`)
      remember(line)
      for (const finding of [read(line) ?? []].flat()) apply(finding)
    },
  })
  if (isReady && publicUrl !== undefined) onOpen()

  return {
    open,
    ended: child.ended,
    stop: child.stop,
    publicUrl: () => publicUrl,
    failure: () => failure,
    withoutSecrets,
    lastLines: () => lastLines,
    hasRun: () => hasTold || isAnnounced,
    announce() {
      isAnnounced = true
    },
  }
}

/** Puts the last lines of a program into a message. */
export function quoteLines(lines: readonly string[]): string {
  return lines.length === 0 ? 'it said nothing' : `its last lines: ${lines.join(' | ')}`
}
