import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readArguments } from '../../lib/cli/syntax/args'
import { type Block, ROOT } from './pages'

/**
 * Checks each command of a block: arguments that this package understands, scripts of npm that exist, files that Node
 * runs, requests to this machine.
 */
export function checkCommands({ name, code }: Block): void {
  const folder = dirname(name.split(' > ')[0] ?? '')
  for (const line of code.split('\n')) {
    for (const command of line.replace(/(?:^|\s)#.*$/, '').split('&&')) check(command.trim(), folder)
  }
}

function check(command: string, folder: string): void {
  const [program = '', ...words] = splitWords(command.replace(/^(?:[A-Z_]+=\S* )+/, ''))
  if (program === '') return
  if (program === 'npx' && words[0] === 'express-callbacks') return void readArguments(words.slice(1))
  if (program === 'npx') return
  if (program === 'curl' && words.some((word) => /^(?:http:\/\/)?(?:localhost|127\.0\.0\.1):\d+(?:\/|$)/.test(word)))
    return
  if (program === 'npm' && (words[0] !== 'run' || Object.hasOwn(readScripts(), words[1] ?? ''))) return
  if (program === 'node' && existsSync(join(ROOT, folder, words[0] ?? ''))) return
  throw new Error(`This command is not known, or what it names is not there: ${command}`)
}

function splitWords(command: string): readonly string[] {
  return (command.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''))
}

function readScripts(): object {
  const { scripts }: { scripts: object } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return scripts
}
