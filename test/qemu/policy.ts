import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { emitC } from '../../server/src/emit/c/index.ts';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import {
  compileObject,
  findClang as findCompiler,
  isClang,
  writeFiles,
} from '../../server/src/emit/clang.ts';
import { buildLoaders } from '../../server/src/emit/loader.ts';
import { lower } from '../../server/src/ir/lower.ts';
import { filesOf, snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { findClang, onPath } from '../support/lanes.ts';
import { LIBBPF } from './vm.ts';

/** How the C is changed before clang compiles it. */
export type Edit = (c: string) => string;

/**
 * Writes the C of a policy, and a copy of it, to `folder`/NAME; gives NAME. What the safety analysis says is overridden:
 * this is how tests show what a kernel does with the policies that it rejects.
 */
export function writeC(policy: string, folder: string, edit: Edit = (c) => c): string {
  const source = readFileSync(policy, 'utf8');
  const sourceName = basename(policy);
  const program = lower(snapshot(source, DEFAULTS).model);
  const work = join(folder, program.name);
  mkdirSync(work, { recursive: true });
  copyFileSync(policy, join(work, sourceName));
  const main = `${program.name}.bpf.c`;
  for (const { name, text } of emitC(program, { sourceName, source }))
    writeFileSync(join(work, name), name === main ? edit(text) : text);
  return program.name;
}

/** Compiles a policy to a BPF object in `folder` and gives its path; unchecked, as `writeC`. */
export function compileUnchecked(policy: string, folder: string, edit?: Edit): string {
  const name = writeC(policy, folder, edit);
  const object = compileC(join(folder, name, `${name}.bpf.c`), [...BPF_FLAGS, '-Werror']);
  const result = join(folder, `${name}.bpf.o`);
  copyFileSync(object, result);
  return result;
}

/** Compiles a policy to its BPF objects in `folder`, that of its guest too, and gives their paths; unchecked, as `writeC`. */
export function objectsOf(policy: string, folder: string): readonly string[] {
  const host = compileUnchecked(policy, folder);
  const name = basename(host, '.bpf.o');
  const guest = join(folder, name, `${name}.guest.bpf.c`);
  if (!existsSync(guest)) return [host];
  const result = join(folder, `${name}.guest.bpf.o`);
  copyFileSync(compileC(guest, [...BPF_FLAGS, '-Werror']), result);
  return [host, result];
}

/** Compiles BPF C to an object beside it and gives its path. */
export function compileC(source: string, options: readonly string[]): string {
  const multiarch = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const object = source.replace(/\.c$/, '.o');
  execFileSync(
    findClang() ?? 'clang',
    [
      ...['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86', ...options],
      ...[`-I${multiarch}`, '-c', basename(source), '-o', basename(object)],
    ],
    { cwd: dirname(source) },
  );
  return object;
}

const EXAMPLES = join(import.meta.dirname, '../../examples');

/** Paths of the examples and of the gallery's policies that are for a target. */
export function examplesFor(target: 'tracing' | 'sched_ext' | 'pvsched'): readonly string[] {
  return [EXAMPLES, join(EXAMPLES, 'gallery')]
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.pvpolicy'))
    .filter((path) => new RegExp(`^policy \\w+ for ${target}$`, 'm').test(readFileSync(path, 'utf8')));
}

/**
 * Builds what runs beside the kernel as `compile --object` does: the paths of the agent, and of the guest's loader. `edit`
 * changes the C of the agent.
 */
export async function buildPrograms(
  path: string,
  clangPath: string,
  folder: string,
  edit: Edit = (c) => c,
): Promise<readonly string[]> {
  const text = readFileSync(path, 'utf8');
  const made = await filesOf(snapshot(text, DEFAULTS), basename(path));
  const files = made?.map((file) =>
    /(?<!\.bpf)\.c$/.test(file.name) ? { ...file, text: edit(file.text) } : file,
  );
  const clang = await findCompiler(clangPath);
  if (!files || !isClang(clang)) throw new Error('it has errors');
  const compiled = await compileObject(files, { name: basename(path), text }, clang);
  if (compiled.kind !== 'compiled') throw new Error(JSON.stringify(compiled));
  const loaders = await buildLoaders(files, compiled.objects);
  if (loaders.kind !== 'built') throw new Error(JSON.stringify(loaders));
  return writeFiles(join(folder, 'programs'), loaders.programs);
}

/** Builds what runs beside the kernel, as programs that need no library: paths of the agent, and of the guest's loader. */
export function buildStaticAgent(policy: string, folder: string): readonly string[] {
  const name = writeC(policy, folder);
  const work = join(folder, name);
  const parts = readdirSync(work)
    .filter((file) => file.endsWith('.bpf.c'))
    .toSorted();
  return parts.map((file) => {
    const part = basename(file, '.bpf.c');
    compileC(join(work, file), [...BPF_FLAGS, '-Werror']);
    const skeleton = execFileSync(
      onPath('bpftool') ?? 'bpftool',
      ['gen', 'skeleton', `${part}.bpf.o`, 'name', `${part.replace('.', '_')}_bpf`],
      { cwd: work, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    writeFileSync(join(work, `${part}.skel.h`), skeleton);
    const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-static', `-I${LIBBPF}/include`];
    const libraries = [join(LIBBPF, 'libbpf.a'), '-lelf', '-lz'];
    const program = join(folder, `run_${part}`);
    execFileSync('gcc', [...flags, `${part}.c`, ...libraries, '-o', program], { cwd: work });
    return program;
  });
}
