import { format } from '../../../grammar/format.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { readPolicy } from './input.ts';
import { writeResult } from './output.ts';
import { Refusal } from './refusal.ts';

/** What formatting a file came to. */
type Outcome = 'same' | 'changed' | 'unreadable' | 'broken';

export const fmt: Command = {
  operands: 'FILE…',
  options: {
    check: { type: 'boolean', help: 'change nothing; status 1 where something would change' },
  },
  notes: "'-' formats standard input to standard output.",
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    if (operands.length === 0) throw new Refusal('which policies? Name .pvpolicy files');
    const checkOnly = given.flag('check');
    const results = operands.map((path) => {
      const { file, outcome, problem, formatted } = formatFile(path);
      if (problem !== undefined) terminal.err(`pvpolicy: ${file}: ${problem}\n`);
      if (path === '-' && !checkOnly && !given.flag('json')) terminal.out(formatted);
      else if (outcome === 'changed') {
        if (!checkOnly) writeResult(path, formatted);
        if (!given.flag('json')) terminal.out(`${file}: ${checkOnly ? 'would be formatted' : 'formatted'}\n`);
      }
      return { file, outcome, ...(problem !== undefined && { problem }) };
    });
    if (given.flag('json')) terminal.out(`${JSON.stringify({ version: 1, files: results })}\n`);
    const some = (wanted: Outcome): boolean => results.some(({ outcome }) => outcome === wanted);
    if (some('unreadable')) return EXIT.usage;
    return some('broken') || (checkOnly && some('changed')) ? EXIT.findings : EXIT.ok;
  },
};

interface Formatted {
  readonly file: string;
  readonly outcome: Outcome;
  /** The text as it should be; where it cannot be formatted, as it was. */
  readonly formatted: string;
  readonly problem?: string;
}

function formatFile(path: string): Formatted {
  const input = readPolicy(path);
  const { file, text } = input;
  if (!input.ok) return { file, outcome: 'unreadable', formatted: text, problem: input.problem.message };
  const formatted = format(text);
  if (formatted === undefined) {
    const problem = 'left as it is, since it has syntax errors (see pvpolicy check)';
    return { file, outcome: 'broken', formatted: text, problem };
  }
  return { file, outcome: formatted === text ? 'same' : 'changed', formatted };
}
