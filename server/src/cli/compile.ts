import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesOf, snapshot } from '../pipeline.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { json } from './format/json.ts';
import { text } from './format/text.ts';
import { onePolicy } from './input.ts';
import { reason, Refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';
import { plain } from './terminal.ts';

export const compile: Command = {
  operands: 'FILE -o DIR',
  options: {
    output: { type: 'string', short: 'o', value: 'DIR', help: 'where the files go; made if it is not there' },
  },
  notes: 'Lists the files that it wrote, one a line. A policy with errors is not compiled.',
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const { file, text: source } = onePolicy(operands);
    const folder = given.text('output');
    if (folder === undefined) throw new Refusal('where to? Name a folder with -o');
    const current = snapshot(source, settingsFor(operands[0] ?? '-', given));
    const { diagnostics, lines } = current;
    const files = await filesOf(current, basename(file));
    const checked = [{ file, lines, diagnostics }];
    if (!files) {
      if (given.flag('json')) terminal.out(json(checked, plain));
      else terminal.err(text(checked, plain));
      return EXIT.findings;
    }
    if (diagnostics.length > 0) terminal.err(text(checked, plain));
    const written = files.map(({ name, text: content }) => write(folder, name, content));
    terminal.out(
      given.flag('json')
        ? `${JSON.stringify({ version: 1, files: written })}\n`
        : written.map((path) => `${path}\n`).join(''),
    );
    return EXIT.ok;
  },
};

function write(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, content);
  } catch (error) {
    throw new Refusal(`cannot be written: ${reason(error)}`, path);
  }
  return path;
}
