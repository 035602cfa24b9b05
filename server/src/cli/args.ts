import { parseArgs } from 'node:util';
import type { Given, Options } from './command.ts';
import { Refusal } from './refusal.ts';

/** Options that every command takes. */
export const GLOBAL: Options = {
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  version: { type: 'boolean', help: 'show the version' },
  kernel: {
    type: 'string',
    value: 'PROFILE|BTF-FILE',
    help: 'the kernel to hold policies against: a profile (see `kernel list`), or the BTF of a kernel',
  },
  config: { type: 'string', value: 'FILE', help: 'use this pvpolicy.json instead of the nearest one' },
  json: { type: 'boolean', help: 'one JSON document on stdout, nothing else there' },
  color: { type: 'boolean', help: 'colour the output even where it is no terminal' },
};

/**
 * The first word of `argv` that is neither an option nor an option's value, and the arguments without it.
 * Before the command only the options of every command are known.
 */
export function splitCommand(argv: readonly string[]): { command: string | undefined; rest: string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    options: shapes(GLOBAL),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === 'positional');
  if (!first || first.kind !== 'positional') return { command: undefined, rest: [...argv] };
  return { command: first.value, rest: argv.filter((_, i) => i !== first.index) };
}

/** Reads the arguments of a command; an option that it does not have is a Refusal. */
export function readOptions(
  args: readonly string[],
  options: Options,
): { operands: readonly string[]; given: Given } {
  const { values, positionals } = parse(args, { ...GLOBAL, ...options });
  return {
    operands: positionals,
    given: {
      text: (name) => {
        const value = values[name];
        return typeof value === 'string' ? value : undefined;
      },
      texts: (name) => {
        const value = values[name];
        return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
      },
      flag: (name) => values[name] === true,
    },
  };
}

function parse(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options: shapes(options), strict: true, allowPositionals: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error;
    // The first sentence names the option; what follows explains `--`, which is of no help here.
    throw new Refusal((error as Error).message.split('. ')[0] ?? 'wrong arguments');
  }
}

/** `parseArgs` refuses properties that it does not know. */
function shapes(options: Options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short && { short }), ...(multiple && { multiple }) },
    ]),
  );
}
