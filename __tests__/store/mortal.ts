import type { Ledger } from '../../lib/base/contracts'
import type { Durable, Process } from './use-durable'

const OPERATIONS: ReadonlySet<string> = new Set(['create', 'append', 'claim', 'read', 'touch', 'cut', 'publish'])

/** A process whose ledger stops at an operation, as a process that is killed there does. */
export interface Mortal {
  readonly process: Process
  /** What it has asked of its ledger, the one that it died in the last. */
  readonly done: string[]
  /** It dies in the operation of that number from now on; with `isDone` when the ledger has it, and nobody was told. */
  dieAt(number: number, isDone: boolean): void
  kill(): void
}

export interface Mortals {
  openMortal(): Promise<Mortal>
  /** Has something done by a process that dies in each operation of it in turn, before the ledger has it and after that. */
  dieEverywhere(
    prepare: (mortal: Mortal) => Promise<unknown>,
    work: (mortal: Mortal) => Promise<unknown>,
    check: (written: readonly string[], where: string) => Promise<void>,
  ): Promise<void>
}

/** Creates what opens such processes. */
export function createMortals(world: Durable): Mortals {
  async function openMortal(): Promise<Mortal> {
    const inner = world.ledgers.create()
    const done: string[] = []
    let left = Infinity
    let isWritten = false
    const never = new Promise<never>(() => undefined)
    const ledger = new Proxy(inner, {
      get(target, name: keyof Ledger) {
        const operation = target[name] as (...parameters: readonly unknown[]) => Promise<unknown>
        if (!OPERATIONS.has(name)) return operation
        return async (...parameters: readonly unknown[]) => {
          left -= 1
          if (left < 0) return never
          done.push(`${name} ${String(parameters[0])}`)
          if (left === 0 && !isWritten) return never
          const result = await operation(...parameters)
          return left <= 0 ? never : result
        }
      },
    })
    const process = await world.open({ ledger })
    return {
      process,
      done,
      dieAt(number, isDone) {
        done.length = 0
        left = number
        isWritten = isDone
      },
      kill() {
        world.kill(process)
        world.ledgers.kill(inner)
      },
    }
  }

  async function dieEverywhere(
    prepare: (mortal: Mortal) => Promise<unknown>,
    work: (mortal: Mortal) => Promise<unknown>,
    check: (written: readonly string[], where: string) => Promise<void>,
  ): Promise<void> {
    for (let number = 1; ; number += 1) {
      for (const isDone of [false, true]) {
        world.reset()
        const mortal = await openMortal()
        await prepare(mortal)
        mortal.dieAt(number, isDone)
        void work(mortal)
        await world.pass(0)
        const { done } = mortal
        mortal.kill()
        if (done.length < number) return
        await check(isDone ? done : done.slice(0, -1), `died ${isDone ? 'after' : 'before'} ${done.join(', ')}`)
      }
    }
  }

  return { openMortal, dieEverywhere }
}
