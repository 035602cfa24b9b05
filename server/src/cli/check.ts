import { watch } from 'node:fs';
import { dirname, basename } from 'node:path';
import { LineIndex } from '../../../grammar/text.ts';
import type { Severity } from '../diagnostics/diagnostic.ts';
import { snapshot } from '../pipeline.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import type { Checked, Format } from './format/checked.ts';
import { github } from './format/github.ts';
import { json } from './format/json.ts';
import { junit } from './format/junit.ts';
import { sarif } from './format/sarif.ts';
import { text } from './format/text.ts';
import { readPolicy } from './input.ts';
import { reason, Refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';

const FORMATS: Readonly<Record<string, Format>> = { text, json, sarif, github, junit };

/** What each level lets fail the run. */
const LEVELS: Readonly<Record<string, readonly Severity[]>> = {
  error: ['error'],
  warning: ['error', 'warning'],
  info: ['error', 'warning', 'info'],
  never: [],
};

export const check: Command = {
  operands: 'FILE…',
  options: {
    format: { type: 'string', value: 'FORMAT', help: Object.keys(FORMATS).join(', ') },
    'fail-level': {
      type: 'string',
      value: 'LEVEL',
      help: 'what ends with status 1: error (the default), warning, info or never',
    },
    watch: { type: 'boolean', help: 'check again whenever a file changes' },
  },
  notes: "'-' reads a policy from standard input. A file that cannot be read ends with status 2.",
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    if (operands.length === 0) throw new Refusal('which policies? Name .pvpolicy files');
    const format = pick(FORMATS, 'format', given.flag('json') ? 'json' : (given.text('format') ?? 'text'));
    const failing = pick(LEVELS, 'fail-level', given.text('fail-level') ?? 'error');
    const once = (): Exit => {
      const results = operands.map((path) => checkFile(path, given));
      terminal.out(format(results, terminal.paint));
      if (results.some(({ readable }) => !readable)) return EXIT.usage;
      const found = results.some(({ diagnostics }) => diagnostics.some((d) => failing.includes(d.severity)));
      return found ? EXIT.findings : EXIT.ok;
    };
    if (!given.flag('watch')) return once();
    if (operands.includes('-')) throw new Refusal('standard input cannot be watched');
    // Tasks of editors read from this where the findings of a run begin.
    const again = (): void => {
      terminal.err('checking…\n');
      once();
    };
    // First, so that what changes during the first run is checked too.
    watchFiles(operands, again);
    again();
    return new Promise(() => {});
  },
};

function pick<T>(choices: Readonly<Record<string, T>>, option: string, name: string): T {
  const choice = Object.hasOwn(choices, name) ? choices[name] : undefined;
  if (choice !== undefined) return choice;
  throw new Refusal(`--${option} is one of ${Object.keys(choices).join(', ')}, not '${name}'`);
}

function checkFile(path: string, given: Given): Checked & { readonly readable: boolean } {
  const input = readPolicy(path);
  if (!input.ok) {
    return {
      file: input.file,
      lines: new LineIndex(input.text),
      diagnostics: [input.problem],
      readable: false,
    };
  }
  const { lines, diagnostics } = snapshot(input.text, settingsFor(path, given));
  return { file: input.file, lines, diagnostics, readable: true };
}

/** ms; editors write a file in several steps. */
const SETTLED = 50;

/** Runs `once` after every change, until the process is ended. Folders are watched: editors replace files. */
function watchFiles(paths: readonly string[], once: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const wanted = new Set(paths.filter((path) => dirname(path) === folder).map((path) => basename(path)));
    const look = (_: string, name: string | null): void => {
      if (name !== null && !wanted.has(name)) return;
      clearTimeout(timer);
      timer = setTimeout(once, SETTLED);
    };
    try {
      watch(folder, look);
    } catch (error) {
      throw new Refusal(`cannot be watched: ${reason(error)}`, folder);
    }
  }
}
