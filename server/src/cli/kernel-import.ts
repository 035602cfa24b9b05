import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import { CALLS, HOOKS } from '../kernel/catalogue.ts';
import { importKernel, type ImportSource } from '../kernel/import.ts';
import type { ImportedKernel } from '../kernel/imported.ts';
import { PROFILES } from '../kernel/profiles.ts';
import type { Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { writeResult } from './output.ts';
import { reason, Refusal } from './refusal.ts';

/** Where a running kernel keeps its BTF, and those of its modules whose hooks policies use. */
const RUNNING = '/sys/kernel/btf';
const MODULES = /^kvm/;

/** `pvpolicy kernel import [FILE]`: writes the profile of a kernel. */
export function importProfile(file: string | undefined, { given, terminal }: Invocation): Exit {
  const version = given.text('as');
  if (version !== undefined && !PROFILES.some((profile) => profile.mainline && profile.version === version))
    throw new Refusal(`--as: no kernel profile '${version}'; 'pvpolicy kernel list' shows those there are`);
  const { source, origin } = sourceOf(file, given.texts('module'));
  const name = given.text('name') ?? source.name;
  const result = importKernel({ ...source, name, ...(version !== undefined && { version }) });
  if (!result.ok) throw new Refusal(`${result.message} (at byte ${result.offset})`, origin);
  const text = `${JSON.stringify(result.kernel, undefined, 1)}\n`;
  const output = given.text('output');
  if (output === undefined) {
    terminal.out(text);
    return EXIT.ok;
  }
  writeResult(output, text);
  if (given.flag('json'))
    terminal.out(`${JSON.stringify({ version: 1, profile: output, ...counts(result.kernel) })}\n`);
  else terminal.err(summary(output, result.kernel));
  return EXIT.ok;
}

function sourceOf(
  file: string | undefined,
  modules: readonly string[],
): { readonly source: ImportSource; readonly origin: string } {
  const extra = modules.map((path) => ({ name: moduleName(path), bytes: read(path) }));
  if (file === undefined) {
    const origin = join(RUNNING, 'vmlinux');
    return { source: { bytes: read(origin), name: release(), modules: [...running(), ...extra] }, origin };
  }
  // A module describes only what it adds to its kernel, which has to be at hand.
  if (file.endsWith('.ko')) {
    const own = { name: moduleName(file), bytes: read(file) };
    return {
      source: { bytes: read(join(RUNNING, 'vmlinux')), name: release(), modules: [own, ...extra] },
      origin: file,
    };
  }
  const name = basename(file).replace(/\.btf$/, '');
  return { source: { bytes: read(file), name, modules: extra }, origin: file };
}

const running = () =>
  readdirSync(RUNNING)
    .filter((name) => MODULES.test(name))
    .toSorted()
    .map((name) => ({ name, bytes: read(join(RUNNING, name)) }));

const moduleName = (path: string): string => basename(path).replace(/\.(ko|btf)$/, '');

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Refusal(`cannot be read: ${reason(error)}`, path);
  }
}

/** How much is in a profile, and how much of it the catalogue knows. */
function counts(kernel: ImportedKernel) {
  const tracepoints = Object.keys(kernel.tracepoints);
  const kfuncs = Object.keys(kernel.kfuncs);
  const hooks = new Set(HOOKS.filter((row) => row.family === 'tracepoint').map((row) => row.name));
  const calls = new Set(CALLS.filter((row) => row.unknown !== true).map((row) => row.name));
  return {
    kernel: kernel.name,
    lockFacts: kernel.kernel,
    decided: kernel.decided,
    tracepoints: tracepoints.length,
    knownTracepoints: tracepoints.filter((name) => hooks.has(name)).length,
    kfuncs: kfuncs.length,
    knownKfuncs: kfuncs.filter((name) => calls.has(name)).length,
    ops: Object.keys(kernel.ops['sched_ext_ops'] ?? {}).length,
    structs: Object.keys(kernel.structs).length,
    modules: kernel.modules,
  };
}

const DECIDED: Readonly<Record<ImportedKernel['decided'], string>> = {
  given: 'as --as says',
  release: 'by its release, which fits what it has',
  inferred: 'inferred from what it has',
};

function summary(output: string, kernel: ImportedKernel): string {
  const found = counts(kernel);
  const ops = found.ops === 0 ? 'no sched_ext' : `${found.ops} ops of sched_ext`;
  const modules = found.modules.length === 0 ? '' : ` with ${found.modules.join(', ')}`;
  return [
    `${output}: ${found.kernel}${modules}\n`,
    `  ${found.tracepoints} tracepoints (lock facts of ${found.knownTracepoints}), ${found.kfuncs} kfuncs `,
    `(of ${found.knownKfuncs}), ${ops}, ${found.structs} structs\n`,
    `  lock facts of ${found.lockFacts}, ${DECIDED[found.decided]}\n`,
  ].join('');
}
