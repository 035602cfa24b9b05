import { isMainThread } from 'node:worker_threads';
import { VERSION } from '../version.ts';
import { readOptions, splitCommand } from './args.ts';
import { COMMANDS } from './commands.ts';
import { closest } from '../diagnostics/suggest.ts';
import { EXIT, type Exit } from './exit.ts';
import { commandHelp, overview } from './help.ts';
import { Refusal } from './refusal.ts';
import { endQuietlyOnBrokenPipe, processTerminal } from './terminal.ts';

if (isMainThread) {
  endQuietlyOnBrokenPipe();
  void run(process.argv.slice(2)).then((status) => {
    process.exitCode = status;
  });
} else {
  // A thread of a sweep.
  void import('./sweep-threads.ts').then(({ answerPoints }) => answerPoints());
}

async function run(argv: readonly string[]): Promise<Exit> {
  try {
    return await dispatch(argv);
  } catch (error) {
    const json = argv.includes('--json');
    return error instanceof Refusal ? refuse(error, json) : confess(error);
  }
}

async function dispatch(argv: readonly string[]): Promise<Exit> {
  const { command: name, rest } = splitCommand(argv);
  if (name === undefined) return withoutCommand(rest);
  const listed = COMMANDS[name];
  if (!listed) throw new Refusal(unknownCommand(name));
  const command = await listed.load();
  const { operands, given } = readOptions(rest, command.options);
  const terminal = processTerminal(given.flag('color'));
  if (given.flag('help')) {
    terminal.out(commandHelp(name, listed, command, terminal.paint));
    return EXIT.ok;
  }
  if (given.flag('version')) return version();
  return command.run({ operands, given, terminal });
}

function withoutCommand(args: readonly string[]): Exit {
  const { given } = readOptions(args, {});
  if (given.flag('version')) return version();
  const terminal = processTerminal(given.flag('color'));
  const help = overview(COMMANDS, terminal.paint);
  if (given.flag('help')) {
    terminal.out(help);
    return EXIT.ok;
  }
  terminal.err(help);
  return EXIT.usage;
}

function version(): Exit {
  process.stdout.write(`pvpolicy ${VERSION}\n`);
  return EXIT.ok;
}

function unknownCommand(name: string): string {
  const near = closest(name, Object.keys(COMMANDS));
  return `no command '${name}'${near ? `; did you mean '${near}'?` : ' (see pvpolicy --help)'}`;
}

function refuse(refusal: Refusal, json: boolean): Exit {
  const { message, file } = refusal;
  if (json) process.stdout.write(`${JSON.stringify({ version: 1, error: { message, file } })}\n`);
  process.stderr.write(`pvpolicy: ${file === undefined ? '' : `${file}: `}${message}\n`);
  return EXIT.usage;
}

/** A bug of ours: said so, with what a report needs, and without a stack trace unless PVPOLICY_DEBUG asks for it. */
function confess(error: unknown): Exit {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `pvpolicy: this is a bug of pvpolicy ${VERSION} (Node ${process.version}), not of your input: ${message}\n`,
  );
  if (process.env['PVPOLICY_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else process.stderr.write('Run it again with PVPOLICY_DEBUG=1 and send us what it prints.\n');
  return EXIT.bug;
}
