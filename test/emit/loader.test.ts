import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLoaders } from '../../server/src/emit/loader.ts';
import { sample } from './c/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-loader-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that stands for a tool. */
function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

const { files } = sample('spin_guard');
const objects = [{ name: 'spin_guard.bpf.o', bytes: new Uint8Array([1]) }];
const fine = script('fine', 'true');
const build = (bpftool: string, compiler: string): ReturnType<typeof buildLoaders> =>
  buildLoaders(files, objects, { bpftool, compilers: [compiler] });

describe('building a loader', () => {
  it('names the tools that are missing', async () => {
    expect(await build(join(folder, 'none'), join(folder, 'none'))).toEqual({
      kind: 'missing',
      missing: ['bpftool', 'gcc'],
    });
  });

  it.each([
    ['spin_guard.c:9:10: fatal error: bpf/libbpf.h: No such file or directory', 'libbpf-dev'],
    ['/usr/bin/ld: cannot find -lelf: No such file or directory', 'libelf-dev'],
    ['/usr/bin/ld: cannot find -lz', 'zlib1g-dev'],
  ])('names the package behind: %s', async (said, missing) => {
    const compiler = script('bare-cc', `echo "${said}" >&2; exit 1`);
    expect(await build(fine, compiler)).toEqual({ kind: 'missing', missing: [missing] });
  });

  it('tells a refusal from a package that is missing', async () => {
    const compiler = script('strict-cc', 'echo "spin_guard.c:9:10: error: no such thing" >&2; exit 1');
    expect(await build(fine, compiler)).toMatchObject({ kind: 'failed', tool: 'strict-cc' });
    expect(await build(script('odd', 'echo BTF is broken; exit 3'), fine)).toMatchObject({
      kind: 'failed',
      tool: 'odd',
      log: expect.stringContaining('BTF is broken'),
    });
  });

  it('gives the compiler the skeleton, and gives back what it made', async () => {
    const bpftool = script('bpftool', 'if [ "$2" = skeleton ]; then echo "skeleton $5"; fi');
    const compiler = script('cc', 'cat spin_guard.skel.h >spin_guard');
    const built = await build(bpftool, compiler);
    expect(built).toMatchObject({ kind: 'built', programs: [{ name: 'spin_guard', executable: true }] });
    const [program] = built.kind === 'built' ? built.programs : [];
    expect(new TextDecoder().decode(program?.bytes)).toBe('skeleton spin_guard_bpf\n');
  });
});
