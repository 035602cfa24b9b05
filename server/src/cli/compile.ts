import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Code } from '../diagnostics/table.ts';
import { compileObject, findClang, isClang, type Built } from '../emit/clang.ts';
import type { OutputFile } from '../emit/c/index.ts';
import { buildLoaders } from '../emit/loader.ts';
import { loaderDiagnostics, objectDiagnostics } from '../emit/object-diagnostics.ts';
import { filesOf, snapshot, type Snapshot } from '../pipeline.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import type { Checked } from './format/checked.ts';
import { json, jsonOf } from './format/json.ts';
import { text } from './format/text.ts';
import { onePolicy } from './input.ts';
import { makeFolder } from './output.ts';
import { reason, Refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';
import { plain } from './terminal.ts';

export const compile: Command = {
  operands: 'FILE -o DIR',
  options: {
    output: { type: 'string', short: 'o', value: 'DIR', help: 'where the files go; made if it is not there' },
    object: { type: 'boolean', help: 'run clang too, and fail where it fails; then build the loader' },
    clang: {
      type: 'string',
      value: 'PATH',
      help: 'the clang for --object, in the place of the newest on PATH',
    },
  },
  notes: 'Lists the files that it wrote, one a line. A policy with errors is not compiled.',
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const { file, text: source } = onePolicy(operands);
    const folder = given.text('output');
    if (folder === undefined) throw new Refusal('where to? Name a folder with -o');
    const current = snapshot(source, settingsFor(operands[0] ?? '-', given));
    const { diagnostics, lines } = current;
    const checked = (found: readonly Diagnostic[]): readonly Checked[] => [
      { file, lines, diagnostics: found },
    ];
    const name = basename(file);
    const files = await filesOf(current, name);
    if (!files) {
      if (given.flag('json')) terminal.out(json(checked(diagnostics), plain));
      else terminal.err(text(checked(diagnostics), plain));
      return EXIT.findings;
    }
    const written = files.map((output) => write(folder, output));
    const { built, said: about } = await objectsOf(files, name, current, given);
    written.push(...built.map((made) => write(folder, made)));
    const said = [...diagnostics, ...about];
    if (given.flag('json')) {
      terminal.out(
        `${JSON.stringify({ version: 1, files: written, diagnostics: jsonOf(file, lines, said) })}\n`,
      );
    } else {
      if (said.length > 0) terminal.err(text(checked(said), plain));
      terminal.out(written.map((path) => `${path}\n`).join(''));
    }
    return statusOf(about);
  },
};

interface Objects {
  readonly built: readonly Built[];
  /** Why something is not. */
  readonly said: readonly Diagnostic[];
}

/** What clang makes of the files, and the loaders for it, where they are asked for. */
async function objectsOf(
  files: readonly OutputFile[],
  name: string,
  { text: source, lines }: Snapshot,
  given: Given,
): Promise<Objects> {
  if (!given.flag('object')) return { built: [], said: [] };
  const clang = await findClang(given.text('clang'));
  const outcome = isClang(clang) ? await compileObject(files, { name, text: source }, clang) : clang;
  if (outcome.kind !== 'compiled') return { built: [], said: objectDiagnostics(outcome, name, lines) };
  const loaders = await buildLoaders(files, outcome.objects);
  const programs = loaders.kind === 'built' ? loaders.programs : [];
  return { built: [...outcome.objects, ...programs], said: loaderDiagnostics(loaders) };
}

/** Generated C that clang rejects is a bug of ours; a clang or a header that is missing is the machine's. */
function statusOf(failures: readonly Diagnostic[]): Exit {
  const has = (...codes: readonly Code[]): boolean => failures.some(({ code }) => codes.includes(code));
  if (has('PV6003', 'PV6010')) return EXIT.bug;
  if (has('PV6001', 'PV6002', 'PV6008')) return EXIT.usage;
  return failures.some(({ severity }) => severity === 'error') ? EXIT.findings : EXIT.ok;
}

function write(folder: string, output: OutputFile | Built): string {
  const path = join(folder, output.name);
  try {
    makeFolder(folder);
    const executable = 'executable' in output && output.executable === true;
    // A loader that runs cannot be written to; a new one in its place can.
    if (executable) rmSync(path, { force: true });
    writeFileSync(path, 'text' in output ? output.text : output.bytes, executable ? { mode: 0o755 } : {});
  } catch (error) {
    throw new Refusal(`cannot be written: ${reason(error)}`, path);
  }
  return path;
}
