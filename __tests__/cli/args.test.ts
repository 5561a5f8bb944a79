import { describe, expect, test } from '@jest/globals'
import { readArguments } from '../../lib/cli/syntax/args'
import { useCli } from './use-cli'

const cli = useCli()

describe('what is not understood is one line on stderr and exit code 2', () => {
  test.each([
    ['an unknown command', ['rnu'], 'Unknown command "rnu". Did you mean "run"?'],
    [
      'a command like no other',
      ['destroy'],
      'Unknown command "destroy". There are: up, run, validate, schema, listen, replay, send, init.',
    ],
    ['an unknown option', ['up', '--fil', 'x'], 'Unknown option "--fil". Did you mean "--file"?'],
    ['an unknown short option', ['up', '-x'], 'Unknown option "-x". There are: --file'],
    ['an option of another command', ['up', '--input', '1'], '--input belongs to "run", not with "up"'],
    ['an option without its command', ['--drain', '1s'], '--drain belongs to "up"'],
    ['an option without value', ['run', '--input'], '--input needs a value'],
    ['an option that lost its value', ['run', '--input', '--set', 'a=1'], '--input needs a value; found "--set"'],
    ['a value for a flag', ['up', '--help=yes'], '--help takes no value'],
    ['an argument too many', ['up', 'all'], '"up" takes no argument; found "all"'],
    [
      'a config without --file',
      ['validate', 'my.yml'],
      'A config is named by --file: express-callbacks validate --file "my.yml"',
    ],
    [
      'a config as workflow',
      ['run', 'a/my.YAML'],
      'A config is named by --file: express-callbacks run --file "a/my.YAML"',
    ],
    ['a config behind a workflow', ['run', 'a', 'b.yml'], 'express-callbacks run --file "b.yml"'],
    ['two workflows', ['run', 'a', 'b'], '"run" takes one argument, the workflow; found "b"'],
    ['no time', ['up', '--drain', 'soon'], '--drain must be a duration such as "500ms"'],
    ['no level', ['up', '--log-level', 'wran'], '--log-level cannot be "wran". Did you mean "warn"?'],
    ['no format', ['up', '--log-format', 'xml'], '--log-format cannot be "xml". There are: pretty, json.'],
    ['a line break', ['up\nerror: forged'], 'Unknown command "up\\nerror: forged"'],
  ])('%s', async (_name, argv, message) => {
    const { code, stdout, stderr } = await cli.run(argv)
    expect(stderr).toMatch(/^error: [^\n]*\n$/)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('no command at all shows the help there', async () => {
    const { code, stdout, stderr } = await cli.run([])
    expect(stderr).toContain('Usage: express-callbacks <command>')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('help and version go to stdout', () => {
  test.each([
    [['--help'], /^Usage: express-callbacks <command>[^]*\n {2}validate /],
    [['-h'], /^Usage: express-callbacks <command>/],
    [['run', '--help'], /^Usage: express-callbacks run \[workflow\] \[options\][^]*--set KEY=VALUE/],
    [['--help', 'up'], /^Usage: express-callbacks up \[options\][^]*--drain TIME/],
    [['help'], /^Usage: express-callbacks <command>/],
    [['help', 'listen'], /^Usage: express-callbacks listen \[port\] \[options\]/],
    [['help', '--help'], /^Usage: express-callbacks <command>/],
    [['replay', '--help'], /^Usage: express-callbacks replay <id> \[options\]/],
    [
      ['run', '--help'],
      / {2}one value of the input, over the rest;[^]*--log-level LEVEL {4}[^\n]*\(default: warn, info for logger jobs\)/,
    ],
    [['up', '--help'], /--log-level LEVEL {4}[^\n]*\(default: info\)/],
    [['send', '--help'], / {2}one value of the body, over the rest;[^]*--provider NAME[^\n]*standard-webhooks\n/],
    [['init', '--help'], /--provider NAME[^\n]*generic[^\n]*\(default: asks\)/],
    [['schema', '-h'], /^Usage: express-callbacks schema \[options\]/],
    [['--version'], /^\d+\.\d+\.\d+\S*\n$/],
    [['-v'], /^\d+\.\d+\.\d+/],
  ])('%j', async (argv, text) => {
    const { code, stdout, stderr } = await cli.run(argv)
    expect(stdout).toMatch(text)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('options', () => {
  test('have their defaults', () => {
    expect(readArguments(['up'])).toEqual({
      kind: 'command',
      command: 'up',
      argument: undefined,
      options: {
        files: [],
        input: undefined,
        sets: [],
        timeoutMs: undefined,
        drainMs: 10_000,
        driver: 'cloudflare',
        inspectPort: 4040,
        url: undefined,
        token: undefined,
        logLevel: undefined,
        logFormat: 'pretty',
      },
    })
  })

  test('are read wherever they stand', () => {
    const argv = ['-f', 'a.yml', 'run', '--file=b.yml', 'paint', '--input', '-', '--set=x=-1', '--timeout', '5m']
    expect(readArguments([...argv, '--log-level', 'debug', '--log-format', 'json'])).toMatchObject({
      command: 'run',
      argument: 'paint',
      options: {
        files: ['a.yml', 'b.yml'],
        input: '-',
        sets: ['x=-1'],
        timeoutMs: 300_000,
        logLevel: 'debug',
        logFormat: 'json',
      },
    })
  })
})
