import {
  type CommandName,
  COMMANDS,
  type CommandSyntax,
  type OptionName,
  OPTIONS,
  optionsOf,
  type OptionSyntax,
} from './syntax'

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 not understood, 130 interrupted.'

/** What `--help` prints, for all of it or for one command. */
export function writeHelp(command: CommandName | undefined): string {
  return command === undefined ? writeOverview() : writeCommand(command)
}

function writeOverview(): string {
  const commands = Object.entries<CommandSyntax>(COMMANDS)
  return [
    'Usage: express-callbacks <command> [options]',
    '',
    'Awaits the callbacks of slow APIs, by a config in YAML.',
    '',
    'Commands:',
    ...writeTable(commands.map(([name, { text }]) => [name, text])),
    '',
    'Options:',
    ...writeOptions(optionsOf(undefined)),
    '',
    'express-callbacks <command> --help shows the options of a command.',
    EXIT_CODES,
    '',
  ].join('\n')
}

function writeCommand(command: CommandName): string {
  const { text, argument, isRequired, texts, more }: CommandSyntax = COMMANDS[command]
  const place = argument && (isRequired ? `<${argument}>` : `[${argument}]`)
  return [
    ['Usage: express-callbacks', command, place, '[options]'].filter(Boolean).join(' '),
    '',
    `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
    more,
    '',
    'Options:',
    ...writeOptions(optionsOf(command), texts),
    '',
    EXIT_CODES,
    '',
  ].join('\n')
}

function writeOptions(names: readonly OptionName[], texts: CommandSyntax['texts'] = {}): readonly string[] {
  return writeTable(
    names.map((name) => {
      const { short, value, text }: OptionSyntax = OPTIONS[name]
      const left = [short === undefined ? '    ' : `-${short}, `, `--${name}`, value && ` ${value}`]
      return [left.filter(Boolean).join(''), texts[name] ?? text]
    }),
  )
}

function writeTable(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
