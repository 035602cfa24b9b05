import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { findClang, lane } from '../support/lanes.ts';
import { SAMPLES } from './c/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

lane('clang', 'results of operations', findClang, (clang) => {
  it.each(SAMPLES.filter(({ program }) => program.target === 'sched_ext'))(
    'of $name have a value on every path, whatever is put back there',
    ({ name, files }) => {
      for (const file of files) writeFileSync(join(folder, file.name), file.text);
      const include = '/usr/include/x86_64-linux-gnu';
      const flags = ['-target', 'bpf', ...BPF_FLAGS, '-idirafter', include, '-S', '-emit-llvm', '-o', '-'];
      const code = execFileSync(clang, [...flags, `${name}.bpf.c`], { cwd: folder, encoding: 'utf8' });
      expect(code).toContain('define ');
      expect(code.split('\n').filter((line) => /= phi .*\b(undef|poison)\b/.test(line))).toEqual([]);
    },
  );
});
