import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compare } from '../../server/src/kernel/probe/compare.ts';
import { readMeasured } from '../../server/src/kernel/probe/measured.ts';
import { probeFiles, type PreemptCount } from '../../server/src/kernel/probe/program.ts';
import { findClang, lane } from '../support/lanes.ts';
import { compileC } from './policy.ts';
import { boot, buildStatic, release, vmToolsPresent, type Kernel } from './vm.ts';

const COUNTS: readonly (readonly [Kernel, PreemptCount])[] = [
  ['stable', 'pcpu_hot'],
  ['newest', '__preempt_count'],
];

lane(
  'qemu',
  'the catalogue of tracepoints, measured',
  () => (vmToolsPresent() && findClang() ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-probe-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.concurrent.each(COUNTS)('of Debian %s is contradicted by nothing', async (kernel, count) => {
      const files = probeFiles({ count, arch: 'x64' });
      for (const { name, text } of files) writeFileSync(join(folder, name), text);
      const object = compileC(join(folder, 'probe.bpf.c'), ['-Wall']);
      const loader = buildStatic(join(folder, 'probe.c'), folder);
      const { console: text, finished } = await boot({
        kernel,
        files: [loader, object],
        script: '/probe /probe.bpf.o 5',
        timeoutMs: 480_000,
      });
      const rows = compare(readMeasured(text));
      const confirmed = rows.filter(({ verdict }) => verdict === 'confirmed').map(({ row }) => row.name);
      console.log(`${release(kernel)}: ${confirmed.length} tracepoints confirmed`);
      if (process.env['SHOW']) console.log(text.slice(-6000));
      expect(
        rows.flatMap(({ row, facts }) => facts.filter(({ ok }) => !ok).map((fact) => [row.name, fact])),
      ).toEqual([]);
      expect(confirmed, text.slice(-3000)).toEqual(
        expect.arrayContaining(['sched_switch', 'sched_waking', 'sched_wakeup', 'sys_enter']),
      );
      expect(finished).toBe(true);
    });
  },
);
