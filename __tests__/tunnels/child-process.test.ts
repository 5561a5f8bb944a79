import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Child, type Command, describeEnd, startChild } from '../../adapters/tunnels/program/child-process'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { lives, until } from './processes'
import { STAY, usePrograms } from './use-programs'

const env = { PATH: process.env['PATH'] }
const { createFolder } = usePrograms()
const started: Running[] = []
const parents: ChildProcess[] = []

afterEach(async () => {
  for (const { child, clock } of started.splice(0)) {
    await child.stop()
    expect(clock.timers).toBe(0)
  }
  for (const parent of parents.splice(0)) parent.kill('SIGKILL')
})

interface Running {
  readonly child: Child
  readonly lines: readonly string[]
  readonly clock: FakeClock
  /** The process ids that its first line tells. */
  pids(): Promise<readonly number[]>
}

function start(script: string, over: Partial<Command> = {}): Running {
  const lines: string[] = []
  const clock = createFakeClock()
  const onLine = (line: string): void => void lines.push(line)
  const child = startChild({ file: '/bin/sh', args: ['-c', script], env, ...over }, { clock, onLine })
  const running = {
    child,
    lines,
    clock,
    async pids() {
      await until(() => lines.length > 0)
      return String(lines[0]).split(' ').map(Number)
    },
  }
  started.push(running)
  return running
}

describe('what a program would leave, on Windows', () => {
  const { platform } = process
  beforeEach(() => void Object.defineProperty(process, 'platform', { value: 'win32' }))
  afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }))

  test('is taken away once it has ended, also when that fails', async () => {
    const file = join(createFolder(), 'left')
    await start('exit 3', { cleanup: ['/bin/sh', '-c', `echo "$1" > '${file}'`, 'sh', 'a b'] }).child.ended
    expect(readFileSync(file, 'utf8')).toBe('a b\n')
    for (const missing of [join(file, 'missing'), `${file}.missing`])
      expect(await start('exit 3', { cleanup: [missing] }).child.ended).toMatchObject({ code: 3 })
  })

  test('is waited for ten seconds', async () => {
    const { child, clock } = start('exit 3', { cleanup: ['/bin/sleep', '60'] })
    await until(() => clock.timers > 0)
    let hasEnded = false
    void child.ended.then(() => (hasEnded = true))
    await until(() => {
      clock.advance(1000)
      return hasEnded
    })
  })
})

describe('a program', () => {
  test('is told by whole lines of its output and its errors', async () => {
    const script = 'printf "one\\ntw"; echo three >&2; printf "o\\n\\033[31mred\\033[0m\\r\\nlast"'
    const { child, lines } = start(script)
    expect(await child.ended).toEqual({ code: 0, signal: undefined, error: undefined })
    expect(lines.toSorted()).toEqual(['last', 'one', 'red', 'three', 'two'])
  })

  test.each([
    ['exit 7', { code: 7, signal: undefined }, 'with exit code 7'],
    ['exit 127', { code: 127, signal: undefined }, 'with exit code 127'],
    ['exit 255', { code: 255, signal: undefined }, 'with exit code 255'],
    ['kill -KILL $$', { code: undefined, signal: 'SIGKILL' }, 'by SIGKILL'],
    ['kill -TERM $$', { code: undefined, signal: 'SIGTERM' }, 'by SIGTERM'],
  ])('that does "%s" ends so, and without a word of its guard', async (script, expected, words) => {
    const { child, lines } = start(script)
    const ended = await child.ended
    expect(ended).toMatchObject(expected)
    expect(describeEnd(ended)).toBe(words)
    expect(lines).toEqual([])
  })

  test('that is not there ends with 127 and says so', async () => {
    const { child, lines } = start('', { file: join(createFolder(), 'missing') })
    expect(await child.ended).toMatchObject({ code: 127 })
    expect(lines.join()).toContain('missing')
  })

  test.each([
    ['a longer argument than the system takes', { args: ['x'.repeat(200_000)] }, 'spawn E2BIG'],
    ['a zero byte in an argument', { args: ['a\0b'] }, 'must be a string without null bytes'],
    ['a zero byte in a variable', { env: { ...env, WORD: 'a\0b' } }, 'must be a string without null bytes'],
  ])('that cannot be started for %s has ended with that error', async (_, over, message) => {
    const { child, lines } = start('exit', over)
    expect(await child.ended).toMatchObject({
      code: undefined,
      signal: undefined,
      error: { message: expect.stringContaining(message) },
    })
    await child.stop()
    expect(lines).toEqual([])
  })

  test('gets its arguments as they are', async () => {
    const words = ['a b', '', "it's", '$HOME', '*', '-n', 'é\n2']
    const { child, lines } = start('', { file: '/usr/bin/printf', args: ['%s|', ...words] })
    await child.ended
    expect(lines.join('\n')).toBe(`${words.join('|')}|`)
  })

  test('gets the variables it is given, no others, and nothing to read', async () => {
    const { child, lines } = start('cat; env', { env: { ...env, WORD: 'yes' } })
    await child.ended
    const names = lines.map((line) => line.split('=')[0] ?? '').filter((name) => !/^(?:_|PWD|OLDPWD|SHLVL)$/.test(name))
    expect(names.toSorted()).toEqual(['PATH', 'WORD'])
    expect(lines).toContain('WORD=yes')
  })

  test('tells no secret', async () => {
    const { child, lines } = start('echo "token s3cret, again s3cret"', { secrets: ['s3cret', undefined, ''] })
    await child.ended
    expect(lines).toEqual(['token ***, again ***'])
  })

  test('that writes a lot is never blocked', async () => {
    const { child, lines } = start('(head -c 1048576 /dev/zero | tr "\\0" "x"; echo; echo done) >&2')
    await child.ended
    expect(lines.at(-1)).toBe('done')
    const written = lines.slice(0, -1).join('')
    expect([written.length, /[^x]/.test(written)]).toEqual([1_048_576, false])
  })

  test('is out of reach of Ctrl-C in the terminal of this process', async () => {
    const { pids } = start(`echo $$; ${STAY}`)
    const groups = [process.pid, ...(await pids())].map(groupOf)
    expect(groups[1]?.session).not.toBe(groups[0]?.session)
    expect(groups[1]?.group).not.toBe(groups[0]?.group)
  })

  test('that ends takes what it started with it', async () => {
    const { child, pids } = start('sleep 1000 & echo $!')
    expect(await child.ended).toMatchObject({ code: 0 })
    const left = await pids()
    await until(() => !left.some(lives))
  })

  test('has ended although something in a session of its own holds its output', async () => {
    const file = join(createFolder(), 'pid')
    const script = `setsid sh -c 'echo $$ > ${file}; exec sleep 1000' & until [ -s ${file} ]; do sleep 0.02; done; cat ${file}`
    const { child, pids, clock } = start(script)
    const [pid = 0] = await pids()
    await until(() => clock.timers > 0)
    clock.advance(1000)
    expect(await child.ended).toMatchObject({ code: 0 })
    process.kill(pid, 'SIGKILL')
  })
})

/** The process group and session of a process, as Linux tells them. */
function groupOf(pid: number): { readonly group: number; readonly session: number } {
  const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number)
  return { group: group ?? 0, session: session ?? 0 }
}

describe('stop()', () => {
  test('asks by SIGTERM once, and waits', async () => {
    const { child, lines } = start(`trap "echo asked; sleep 0.1; exit 3" TERM; echo up; ${STAY}`)
    await until(() => lines.length > 0)
    await Promise.all([child.stop(), child.stop()])
    expect(lines).toEqual(['up', 'asked'])
    expect(await child.ended).toMatchObject({ code: 3 })
  })

  test('kills what pays no heed after its grace time, and what it started', async () => {
    const { child, pids, clock } = start(`trap "" TERM; sleep 1000 & echo $$ $!; ${STAY}`)
    const all = await pids()
    const stopping = child.stop()
    expect(clock.timers).toBe(1)
    clock.advance(7999)
    expect(all.map(lives)).toEqual([true, true])
    clock.advance(1)
    await stopping
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
    await until(() => !all.some(lives))
  })

  test('ends a guard that hangs', async () => {
    const { child, pids, clock } = start(`trap "" TERM; echo $$; ${STAY}`, { cleanup: ['sleep', '1000'] })
    const all = await pids()
    const stopping = child.stop()
    clock.advance(8000)
    await until(() => !all.some(lives))
    await until(() => clock.timers > 0)
    clock.advance(2000)
    await stopping
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
  })

  test('right after the start leaves nothing', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { child } = start(STAY)
      await child.stop()
      expect(await child.ended).toMatchObject({ signal: 'SIGTERM' })
    }
  })

  test('after the end does nothing', async () => {
    const { child } = start('exit 0')
    await child.ended
    await child.stop()
  })
})

test('what a program leaves behind is taken away, whatever its name', async () => {
  const file = join(createFolder(), "it's here")
  const { child } = start('exit 4', { cleanup: ['/bin/sh', '-c', 'echo gone > "$0"', file] })
  expect(await child.ended).toMatchObject({ code: 4 })
  expect(readFileSync(file, 'utf8')).toBe('gone\n')
})

describe('a parent that is killed (needs dist)', () => {
  async function startInParent(script: string): Promise<readonly number[]> {
    const argv = [join(__dirname, 'parent.cjs'), '/bin/sh', '-c', script]
    const parent = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    parents.push(parent)
    const early = once(parent, 'exit').then(() => Promise.reject(new Error('the parent ended early; is dist built?')))
    early.catch(() => undefined)
    const [data] = await Promise.race([once(parent.stdout, 'data'), early])
    parent.kill('SIGKILL')
    await early.catch(() => undefined)
    return String(data).trim().split(' ').map(Number)
  }

  test.each([
    ['obeys', ''],
    ['pays no heed', 'trap "" TERM;'],
    ['has ended its own child', 'trap "kill $!; exit" TERM;'],
  ])('takes its program, which %s, and all that it started with it', async (_what, trap) => {
    const pids = await startInParent(`${trap} sleep 1000 & echo $$ $! $PPID; ${STAY}`)
    expect(pids).toHaveLength(3)
    await until(() => !pids.some(lives))
  })
})

describe.each(['dash', 'bash'])('the guard in %s', (shell) => {
  const path = `/bin/${shell}`
  const isThere = existsSync(path)
  const run = isThere ? test : test.skip
  const name = isThere ? '' : ` (skipped: there is no ${path})`
  const guarded = findGuard()

  function startGuard(script: string, cleanup = ':') {
    // A link named sh: bash keeps to POSIX then, as where it is /bin/sh.
    const link = join(createFolder(), 'sh')
    symlinkSync(path, link)
    const guard = spawn(link, ['-c', guarded, 'guard', cleanup, '/bin/sh', '-c', script], { detached: true, env })
    parents.push(guard)
    let written = ''
    guard.stdout.on('data', (data) => void (written += data))
    guard.stderr.on('data', (data) => void (written += data))
    guard.stdin.on('error', () => undefined)
    return { guard, written: () => written }
  }

  run(`hands on SIGTERM and the exit code, and says nothing itself${name}`, async () => {
    const { guard, written } = startGuard(`trap "echo bye; exit 9" TERM; echo up; ${STAY}`, 'echo cleanup')
    await until(() => written() !== '')
    guard.kill('SIGTERM')
    expect(await once(guard, 'close')).toEqual([9, null])
    expect(written()).toBe('up\nbye\n')
  })

  run(`kills on SIGUSR1${name}`, async () => {
    const { guard, written } = startGuard(`trap "echo asked" TERM; echo up; ${STAY}`)
    await until(() => written() !== '')
    guard.kill('SIGTERM')
    await until(() => written().includes('asked'))
    guard.kill('SIGUSR1')
    expect(await once(guard, 'close')).toEqual([137, null])
    expect(written()).toBe('up\nasked\n')
  })

  run(`ends everything and cleans up when its pipe ends${name}`, async () => {
    const file = join(createFolder(), 'cleaned')
    const { guard, written } = startGuard(`sleep 1000 & echo $$ $!; ${STAY}`, `echo yes > ${file}`)
    await until(() => written().includes('\n'))
    guard.stdin.end()
    expect(await once(guard, 'exit')).toEqual([null, 'SIGKILL'])
    await until(() => !written().trim().split(' ').map(Number).some(lives))
    expect(readFileSync(file, 'utf8')).toBe('yes\n')
  })
})

/** The script itself, which is nobody's business but that of the shells. */
function findGuard(): string {
  const source = readFileSync(join(__dirname, '../../adapters/tunnels/program/child-process.ts'), 'utf8')
  const [, guard = ''] = /const GUARD = `([^`]*)`/.exec(source) ?? []
  expect(guard).not.toContain('\\')
  return guard
}
