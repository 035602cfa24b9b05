import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { emitC } from '../../server/src/emit/c/index.ts';
import { lower } from '../../server/src/ir/lower.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { findClang } from '../support/lanes.ts';

/**
 * Writes the C of a policy, and a copy of it, to `folder`/NAME; gives NAME. What the safety analysis says is overridden:
 * this is how tests show what a kernel does with the policies that it rejects.
 */
export function writeC(policy: string, folder: string): string {
  const source = readFileSync(policy, 'utf8');
  const sourceName = basename(policy);
  const program = lower(snapshot(source, DEFAULTS).model);
  const work = join(folder, program.name);
  mkdirSync(work, { recursive: true });
  copyFileSync(policy, join(work, sourceName));
  for (const { name, text } of emitC(program, { sourceName, source })) writeFileSync(join(work, name), text);
  return program.name;
}

/** Compiles a policy to a BPF object in `folder` and gives its path; unchecked, as `writeC`. */
export function compileUnchecked(policy: string, folder: string): string {
  const name = writeC(policy, folder);
  const work = join(folder, name);
  const object = `${name}.bpf.o`;
  const options = ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86', '-Wall', '-Werror'];
  const multiarch = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  execFileSync(findClang() ?? 'clang', [...options, `-I${multiarch}`, '-c', `${name}.bpf.c`, '-o', object], {
    cwd: work,
  });
  copyFileSync(join(work, object), join(folder, object));
  return join(folder, object);
}
