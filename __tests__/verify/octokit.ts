import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const PROGRAM = `
  import { createInterface } from 'node:readline'
  import { sign, verify } from '@octokit/webhooks-methods'
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, parameters] = JSON.parse(line)
    const answer = await { sign, verify }[name](...parameters).catch(() => false)
    console.log(JSON.stringify(answer))
  }`

interface Running {
  readonly child: ChildProcess
  readonly waiting: ((answer: string) => void)[]
}

let running: Running | undefined

/**
 * Calls a function of @octokit/webhooks-methods, which are ES modules and so nothing that Jest can load here. One child
 * answers all calls; false stands for what it throws.
 */
export async function inOctokit(name: 'sign' | 'verify', parameters: readonly unknown[]): Promise<string> {
  running ??= start()
  const { child, waiting } = running
  const answer = new Promise<string>((resolve) => void waiting.push(resolve))
  child.stdin?.write(`${JSON.stringify([name, parameters])}\n`)
  return JSON.parse(await answer)
}

/** Ends the child, if there is one. */
export async function closeOctokit(): Promise<void> {
  const child = running?.child
  running = undefined
  if (child === undefined) return
  child.stdin?.end()
  if (child.exitCode === null) await once(child, 'exit')
}

function start(): Running {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    cwd: __dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting: ((answer: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line))
  return { child, waiting }
}
