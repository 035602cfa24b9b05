import { GLOBAL } from './args.ts';
import type { Command, Options } from './command.ts';
import type { Listed } from './commands.ts';
import { table, type Paint } from './terminal.ts';

const UNTITLED = [{ title: '' }, { title: '' }, { title: '' }];

/** What `pvpolicy --help` prints. */
export function overview(commands: Readonly<Record<string, Listed>>, paint: Paint): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => ['', name, summary]);
  return [
    'Scheduling policies in BPF: check, compile, simulate.\n',
    `\n${paint('bold', 'Usage:')} pvpolicy COMMAND [OPTION…]\n`,
    `\n${paint('bold', 'Commands:')}\n`,
    table(UNTITLED, rows, paint),
    `\n${paint('bold', 'Options of every command:')}\n`,
    optionTable(GLOBAL, paint),
    '\nExit status: 0 fine; 1 the policy has errors or an expectation failed; 2 usage, configuration or\n',
    'unreadable input; 3 a bug of pvpolicy.\n',
  ].join('');
}

/** What `pvpolicy COMMAND --help` prints. */
export function commandHelp(name: string, listed: Listed, command: Command, paint: Paint): string {
  const own = Object.keys(command.options).length > 0;
  return [
    `${listed.summary}\n`,
    `\n${paint('bold', 'Usage:')} pvpolicy ${name} ${command.operands}\n`,
    own ? `\n${paint('bold', 'Options:')}\n${optionTable(command.options, paint)}` : '',
    `\n${paint('bold', 'Options of every command:')}\n${optionTable(GLOBAL, paint)}`,
    command.notes ? `\n${command.notes}\n` : '',
  ].join('');
}

function optionTable(options: Options, paint: Paint): string {
  const rows = Object.entries(options).map(([name, { short, value, help }]) => [
    short ? `  -${short},` : '     ',
    `--${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
  return table(UNTITLED, rows, paint);
}
