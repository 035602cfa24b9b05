import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
import { randomPolicy, randomSchedExtPolicy, type RandomPolicy } from '../support/random-policy.ts';
import { compileUnchecked, examplesFor, objectsOf } from './policy.ts';
import { boot, buildLoader, KERNELS, vmToolsPresent } from './vm.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');

/** Masks of the kernel in programs that may sleep, and results from blocks that put something back. */
const RETURNS = join(import.meta.dirname, '../golden/returns/returns.pvpolicy');

/** Loops that want all CPUs, two for each. */
const HOGS = 'for i in 1 2 3 4; do (while :; do :; done) & done';

/** Without SCX_OPS_KEEP_BUILTIN_IDLE the kernel ejects it at the first wake-up. */
const TOLD_OF_IDLE = `policy told_of_idle for sched_ext
counter idles
on op update_idle(_, idle) { if idle { idles += 1 } }
on op select_cpu(p, prev_cpu, _) {
    if let c = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0) { return c }
    return prev_cpu
}
`;

lane(
  'qemu',
  'real kernels in a virtual machine',
  () => (vmToolsPresent() && findClang() ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-qemu-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const loader = buildLoader(folder);

    it.concurrent.each(KERNELS)('accepts and runs the tracing example (%s)', async (kernel) => {
      const object = compileUnchecked(join(EXAMPLES, 'spin_guard.pvpolicy'), folder);
      const script = `${HOGS}\n/load /spin_guard.bpf.o 2`;
      const { console: text, finished } = await boot({
        kernel,
        files: [loader, object],
        script,
        timeoutMs: 480_000,
      });
      expect(text).toContain('RESULT {"ok":true,"stage":"run"');
      expect(finished).toBe(true);
    });

    it.concurrent('runs each sched_ext example under load', async () => {
      const names = [...examplesFor('sched_ext'), RETURNS].map((path) =>
        basename(compileUnchecked(path, folder)),
      );
      const runs = names.map((name) => `echo "RUN ${name}"\n/load /${name} 2`).join('\n');
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [loader, ...names.map((name) => join(folder, name))],
        script: `${HOGS}\n${runs}\necho AFTERWARDS $(cat /sys/kernel/sched_ext/state)\ndmesg | grep sched_ext`,
        timeoutMs: 560_000,
      });
      const refused = text
        .split(/^RUN /m)
        .slice(1)
        .filter((part) => !/"state":"enabled","ops":"\w+"/.test(part));
      expect(refused).toEqual([]);
      expect(text).toContain('AFTERWARDS disabled');
      expect(text).not.toMatch(/runtime error|stall/);
      expect(finished).toBe(true);
    });

    /** Random policies, written to files of their own names. */
    function written(policies: fc.Arbitrary<RandomPolicy>, name: string, count: number): string[] {
      return fc.sample(policies, { numRuns: count }).map(({ text }, i) => {
        const path = join(folder, `${name}${i}.pvpolicy`);
        writeFileSync(path, text.replace('policy random', `policy ${name}${i}`));
        return path;
      });
    }

    it.concurrent.each(KERNELS)(
      'accepts each tracing example, and random policies and schedulers (%s)',
      async (kernel) => {
        const paths = [
          ...examplesFor('tracing'),
          ...written(randomPolicy, 'random', 12),
          // Debian builds the older one without sched_ext.
          ...(kernel === 'newest' ? written(randomSchedExtPolicy, 'scheduler', 10) : []),
        ];
        const names = paths.flatMap((path) => objectsOf(path, folder)).map((path) => basename(path));
        const { console: text, finished } = await boot({
          kernel,
          files: [loader, ...names.map((name) => join(folder, name))],
          script: names.map((name) => `echo "LOAD ${name}"\n/load /${name} 0 verify`).join('\n'),
          timeoutMs: 560_000,
        });
        const refused = text
          .split(/^LOAD /m)
          .slice(1)
          .filter((part) => !part.includes('RESULT {"ok":true'));
        expect(refused).toEqual([]);
        expect(finished).toBe(true);
      },
    );

    it.concurrent(
      "keeps the kernel's record of idle CPUs for a policy that is told of them too",
      async () => {
        const path = join(folder, 'told_of_idle.pvpolicy');
        writeFileSync(path, TOLD_OF_IDLE);
        const object = compileUnchecked(path, folder);
        const { console: text, finished } = await boot({
          kernel: 'newest',
          files: [loader, object],
          script: `(while :; do sleep 0.02; done) &\n/load /told_of_idle.bpf.o 3\ndmesg | grep sched_ext`,
          timeoutMs: 480_000,
        });
        expect(text).toContain('"state":"enabled","ops":"told_of_idle"');
        expect(text).not.toMatch(/runtime error|stall/);
        expect(finished).toBe(true);
      },
    );

    it.concurrent('runs the sched_ext example under load and gives the machine back', async () => {
      const object = compileUnchecked(join(EXAMPLES, 'vm_share.pvpolicy'), folder);
      const script = `${HOGS}
/load /vm_share.bpf.o 6
echo AFTERWARDS $(cat /sys/kernel/sched_ext/state)
dmesg | grep sched_ext`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [loader, object],
        script,
        timeoutMs: 480_000,
      });
      expect(text).toContain('"state":"enabled","ops":"vm_share"');
      expect(text).toContain('AFTERWARDS disabled');
      expect(text).toContain('disabled (unregistered from user space)');
      expect(text).not.toMatch(/runtime error|stall/);
      expect(finished).toBe(true);
    });
  },
);
