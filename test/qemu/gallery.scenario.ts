import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
import { FOLDER, GALLERY } from '../gallery/gallery.ts';
import { compileUnchecked } from './policy.ts';
import { boot, buildLoader, vmToolsPresent, type BootResult } from './vm.ts';

/** Two guests, one woken by its timer 200 times a second and one that only computes, and as many hogs as CPUs. */
const LOAD = `/vmm web 20000 200 &
/vmm batch 100000 &
for i in 1 2; do (while :; do :; done) & done
sleep 2`;

const SCHEDULERS = GALLERY.filter(({ snapshot }) => snapshot.program?.target === 'sched_ext');

/** For each: load it, let it run under the load, and say whether KVM's guests still run under it. */
const script = `${LOAD}
for name in ${SCHEDULERS.map(({ snapshot }) => snapshot.program?.name).join(' ')}; do
  echo BEGIN $name
  /load /$name.bpf.o 3
  echo STATE $(cat /sys/kernel/sched_ext/state)
  dmesg -c | grep sched_ext
  echo END $name
done`;

lane(
  'qemu',
  "the gallery's schedulers on a real kernel",
  () => (vmToolsPresent() && findClang() ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-gallery-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    let result: BootResult | undefined;

    beforeAll(async () => {
      const vmm = join(folder, 'vmm');
      execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, 'vmm.c'), '-o', vmm]);
      const objects = SCHEDULERS.map(({ file }) => compileUnchecked(join(FOLDER, file), folder));
      result = await boot({
        kernel: 'newest',
        files: [buildLoader(folder), vmm, ...objects],
        script,
        timeoutMs: 400_000,
      });
    }, 900_000);

    it('brings the machine to its end', () => {
      expect(result?.finished).toBe(true);
    });

    it.each(SCHEDULERS)('runs $file under load, and lets go of it', ({ snapshot }) => {
      const name = snapshot.program?.name ?? '';
      const said =
        new RegExp(`BEGIN ${name}\n(.*?)END ${name}\n`, 's').exec(result?.console ?? '')?.[1] ?? '';
      expect(said).toContain(`"state":"enabled","ops":"${name}"`);
      expect(said).toContain('STATE disabled');
      expect(said).toContain('disabled (unregistered from user space)');
      expect(said).not.toMatch(/runtime error|stall/);
    });
  },
);
