import { chmodSync, mkdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { findNamedProgram, findProgram } from '../../adapters/tunnels/program/find-program'
import { usePrograms } from './use-programs'

const { createFolder, write } = usePrograms()
const { platform } = process
afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }))

test('a name is looked for in the folders of PATH, in their order', () => {
  const [empty, first, second] = [createFolder(), createFolder(), createFolder()]
  const file = write('', 'tool', first)
  write('', 'tool', second)
  expect(findProgram('tool', { PATH: ['', empty, join(empty, 'missing'), first, second].join(':') })).toBe(file)
  expect(findProgram('tool', { PATH: empty })).toBeUndefined()
  expect(findProgram('tool', { PATH: '' })).toBeUndefined()
  expect(findProgram('tool', {})).toBeUndefined()
})

test('what cannot be run, and a folder, are no programs', () => {
  const [folder, other] = [createFolder(), createFolder()]
  chmodSync(write('', 'plain', folder), 0o644)
  mkdirSync(join(folder, 'tool'))
  const file = write('', 'tool', other)
  const env = { PATH: `${folder}:${other}` }
  expect(findProgram('tool', env)).toBe(file)
  expect(findProgram(join(folder, 'tool'), env)).toBeUndefined()
  // The superuser may run nothing either that nobody may run.
  expect(findProgram('plain', env)).toBeUndefined()
})

test('a path is a file: from the root, from the home folder, or from the folder of the process', () => {
  const file = write('', 'tool')
  const env = { HOME: dirname(file), PATH: '' }
  expect(findProgram(file, env)).toBe(file)
  expect(findProgram(`~/${basename(file)}`, env)).toBe(file)
  expect(findProgram(relative('', file), env)).toBe(file)
  expect(findProgram('~/other', env)).toBeUndefined()
})

test('on Windows only what can be started without a shell is a program', () => {
  Object.defineProperty(process, 'platform', { value: 'win32' })
  const [npm, folder] = [createFolder(), createFolder()]
  // npm puts a script of a shell and one of cmd.exe into its folder.
  for (const name of ['tool', 'tool.cmd', 'tool.bat', 'tool.ps1']) write('', name, npm)
  const file = write('', 'tool.exe', folder)
  const other = write('', 'other.com', folder)
  const env = { PATH: `${npm}:${folder}`, PATHEXT: '.COM;.EXE;.BAT;.CMD' }
  expect(findProgram('tool', env)).toBe(file)
  expect(findProgram('tool.exe', env)).toBe(file)
  expect(findProgram(join(folder, 'tool'), env)).toBe(file)
  expect(findProgram(join(folder, 'tool.exe'), {})).toBe(file)
  expect(findProgram('other', env)).toBe(other)
  for (const name of ['tool.cmd', join(npm, 'tool'), join(npm, 'tool.cmd')])
    expect(findProgram(name, env)).toBeUndefined()
})

test('the first program that is named counts, and must be there', () => {
  const file = write('', 'tool')
  const env = { PATH: dirname(file) }
  expect(findNamedProgram({ '"bin"': 'tool', TOOL_BIN: '/none' }, env)).toBe(file)
  expect(findNamedProgram({ '"bin"': '', TOOL_BIN: file }, env)).toBe(file)
  expect(findNamedProgram({ '"bin"': undefined, TOOL_BIN: undefined }, env)).toBeUndefined()
  expect(() => findNamedProgram({ '"bin"': '/none/tool', TOOL_BIN: file }, env)).toThrow(
    expect.objectContaining({
      code: 'ERR_GATEWAY_PROGRAM',
      message: '"bin" names "/none/tool", which is no program that can be run. Correct it, or leave it out',
    }),
  )
})
