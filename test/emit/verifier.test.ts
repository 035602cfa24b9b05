import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { compileObject, findClang, isClang, writeFiles } from '../../server/src/emit/clang.ts';
import { findClang as laneClang, lane, onPath } from '../support/lanes.ts';
import { load, obstacle } from '../support/verifier.ts';
import { SAMPLES, type Sample } from './c/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-verifier-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function compiled({ name, files, policy }: Sample): Promise<string> {
  const clang = await findClang(laneClang());
  if (!isClang(clang)) throw new Error('no clang');
  const result = await compileObject(files, policy, clang);
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result));
  const out = join(folder, name);
  await writeFiles(out, [...files, ...result.objects]);
  return out;
}

/** Programs for tracepoints can be loaded anywhere; operations and their functions only where the kernel has them. */
const LOADABLE = SAMPLES.filter(
  ({ program, files }) =>
    program.target === 'tracing' && !files.some(({ text }) => /extern .* scx_bpf_/.test(text)),
);

lane('clang', "this machine's verifier", laneClang, () => {
  const why = obstacle();
  if (why !== undefined) {
    console.warn(`the verifier is not asked: ${why}`);
    // In CI nothing may go missing unseen; elsewhere one needs not be root to run the tests.
    test.skipIf(process.env['CI'] !== 'true')(`is asked`, () => {
      throw new Error(why);
    });
    return;
  }

  it.each(LOADABLE)('accepts every program of $name', async (sample) => {
    const out = await compiled(sample);
    expect(load(join(out, `${sample.name}.bpf.o`))).toBe('accepted');
    if (sample.program.guest) expect(load(join(out, `${sample.name}.guest.bpf.o`))).toBe('accepted');
  });

  it('refuses one without the test of a pointer', async () => {
    const broken = LOADABLE.find(({ name }) => name === 'spin_guard');
    if (!broken) throw new Error('no such sample');
    const files = broken.files.map((file) => ({
      ...file,
      text: file.text.replace(/if \(v\) \{/g, 'if (true) {'),
    }));
    const out = await compiled({ ...broken, name: 'broken', files });
    const said = load(join(out, 'spin_guard.bpf.o'));
    expect(said).toContain('map_value_or_null');
    // The log names the policy's own line.
    expect(said).toMatch(/; v\.preempted = .* @ spin_guard\.pvpolicy:\d+/);
  });
});

lane(
  'clang',
  'loaders and agents',
  () => {
    const [gcc, bpftool, clang] = [onPath('gcc'), onPath('bpftool'), laneClang()];
    return gcc && bpftool && clang && existsSync('/usr/include/bpf/libbpf.h') ? { gcc, bpftool } : undefined;
  },
  ({ gcc, bpftool }) => {
    const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-fsyntax-only'];

    /** Checks one C file of the sample with its skeleton. */
    function checkC(out: string, name: string, skeleton: string): void {
      const options = { cwd: out, encoding: 'utf8', stdio: 'pipe' } as const;
      writeFileSync(
        join(out, `${name}.skel.h`),
        execFileSync(bpftool, ['gen', 'skeleton', `${name}.bpf.o`, 'name', skeleton], options),
      );
      execFileSync(gcc, [...flags, `${name}.c`], options);
    }

    describe.each(SAMPLES)('of $name', (sample) => {
      it('compile without a warning', async () => {
        const out = await compiled(sample);
        checkC(out, sample.name, `${sample.name}_bpf`);
        if (sample.program.guest) checkC(out, `${sample.name}.guest`, `${sample.name}_guest_bpf`);
      });
    });

    it('build by the Makefile, and explain themselves', async () => {
      const [sample] = SAMPLES.filter(({ name }) => name === 'both_ends');
      if (!sample) throw new Error('no such sample');
      const out = await compiled(sample);
      const clang = laneClang() ?? 'clang';
      execFileSync('make', ['-s', `CLANG=${clang}`, `BPFTOOL=${bpftool}`], { cwd: out, stdio: 'pipe' });
      const help = execFileSync(join(out, 'both_ends'), ['--help'], { encoding: 'utf8' });
      expect(help).toContain('--rt-below');
      expect(help).toContain('(1 to 140; 100 unless set)');
      const wrong = spawnSync(join(out, 'both_ends'), ['--rt-below', '200'], { encoding: 'utf8' });
      expect(wrong.status).toBe(2);
      expect(wrong.stderr).toContain('--rt-below: 200 is out of range');
    });
  },
);
