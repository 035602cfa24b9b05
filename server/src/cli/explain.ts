import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest } from '../diagnostics/suggest.ts';
import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { explainStdin } from './explain-log.ts';
import { DIAGNOSTICS_PAGES } from './package-root.ts';
import { Refusal } from './refusal.ts';

export const explain: Command = {
  operands: 'CODE | - [FILE]',
  options: {},
  notes: [
    'With -, standard input is what was printed when a program did not load (by the loader, bpftool or',
    'libbpf): each refusal is told with its line of the policy, its cause and what to do. FILE is that policy,',
    'for lines that the log does not name.',
  ].join('\n'),
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [asked, more] = operands;
    if (asked === undefined) throw new Refusal('which diagnostic? Name its code, such as PV1001');
    if (asked === '-') return explainStdin(more, given.flag('json'), terminal);
    if (more !== undefined) throw new Refusal(`one code at a time; '${more}' is one too many`);
    const code = known(asked.toUpperCase());
    const page = readPage(code);
    terminal.out(
      given.flag('json') ? `${JSON.stringify({ version: 1, code, ...describe(code), page })}\n` : page,
    );
    return EXIT.ok;
  },
};

function known(code: string): Code {
  if (Object.hasOwn(TABLE, code)) return code as Code;
  const near = closest(code, Object.keys(TABLE));
  throw new Refusal(
    `no diagnostic has the code '${code}'${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

function readPage(code: Code): string {
  const path = join(DIAGNOSTICS_PAGES, `${code}.md`);
  if (!existsSync(path)) throw new Refusal(`the page is missing from this installation`, path);
  return readFileSync(path, 'utf8');
}
