import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
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
