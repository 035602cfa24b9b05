import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { pvpolicy } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-object-'));
afterAll(() => rmSync(folder, { recursive: true }));

lane('clang', 'compile --object', findClang, (clang) => {
  it.each(['irq_boost', 'spin_guard', 'vm_share'])('makes a BPF object of %s', async (name) => {
    const compiled = await pvpolicy([
      ...['compile', `examples/${name}.pvpolicy`, '-o', join(folder, name), '--object', '--clang', clang],
    ]);
    expect(compiled).toMatchObject({ status: 0, err: '' });
    const object = readFileSync(join(folder, name, `${name}.bpf.o`));
    expect(object.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    // e_machine of the ELF header: EM_BPF.
    expect(object.readUInt16LE(18)).toBe(247);
  });
});

lane(
  'clang',
  'the loader of compile --object',
  () => (onPath('bpftool') && onPath('gcc') ? findClang() : undefined),
  (clang) => {
    it('is a program, for host and guest', async () => {
      const out = join(folder, 'loaders');
      const { status, out: said } = await pvpolicy([
        ...['compile', 'test/golden/both_ends/both_ends.pvpolicy', '-o', out, '--object', '--clang', clang],
        '--json',
      ]);
      expect(status).toBe(0);
      const { files, diagnostics } = JSON.parse(said) as { files: string[]; diagnostics: { code: string }[] };
      expect(files).toEqual(expect.arrayContaining([join(out, 'both_ends'), join(out, 'both_ends.guest')]));
      expect(diagnostics.map(({ code }) => code)).not.toContain('PV6009');
      const help = execFileSync(join(out, 'both_ends'), ['--help'], { encoding: 'utf8' });
      expect(help).toContain('--rt-below');
    });

    it('is left out, with what to install, where there are no tools for it', async () => {
      // A PATH with nothing but clang; bpftool and compilers are looked for where administrators' tools are, too.
      const tools = join(folder, 'tools');
      mkdirSync(tools);
      symlinkSync(clang, join(tools, 'clang-19'));
      const { status, err } = await pvpolicy(
        ['compile', 'examples/spin_guard.pvpolicy', '-o', join(folder, 'bare'), '--object'],
        { env: { PATH: tools } },
      );
      expect(status).toBe(0);
      expect(err).toMatch(/info PV6009 .*apt-get install .*gcc/u);
    });
  },
);

describe('compile --object without a clang', () => {
  it('writes the C, says what to install and ends with status 2', async () => {
    const out = join(folder, 'no-clang');
    const compiled = await pvpolicy([
      ...[
        'compile',
        'examples/vm_share.pvpolicy',
        '-o',
        out,
        '--object',
        '--clang',
        join(folder, 'no-clang-here'),
      ],
    ]);
    expect(compiled.status).toBe(2);
    expect(compiled.err).toContain('PV6001');
    expect(compiled.err).toContain('apt-get install clang');
    expect(readFileSync(join(out, 'vm_share.bpf.c'), 'utf8')).toContain('SEC("struct_ops/enqueue")');
  });
});
