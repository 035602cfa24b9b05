// That the lane tells what is left behind: of each kind something is, and then is taken away.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { watchMachine } from './leftovers.ts';
import { compileUnchecked } from './policy.ts';
import { boot, vmToolsPresent } from './vm.ts';

lane(
  'qemu',
  'what is left behind',
  () =>
    vmToolsPresent() && findClang() && process.getuid?.() === 0 && existsSync('/sys/fs/bpf')
      ? onPath('bpftool')
      : undefined,
  (bpftool) => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-left-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('is told by name on this machine: programs, maps, pins, and how threads are scheduled', async () => {
      const object = compileUnchecked(join(import.meta.dirname, 'wake_boost.pvpolicy'), folder);
      const sleeper = spawn('sleep', ['60']);
      const pinned = `/sys/fs/bpf/pvpolicy_left_${process.pid}`;
      const watch = watchMachine();
      try {
        expect(watch.leftovers()).toEqual([]);
        execFileSync(bpftool, ['prog', 'loadall', object, pinned]);
        execFileSync('renice', ['-n', '5', '-p', `${sleeper.pid}`]);
        const left = watch.leftovers(0);
        expect(left).toContainEqual(expect.stringMatching(/^program \d+ \(on_sched_wakeup\)\tloaded$/));
        expect(left).toContainEqual(expect.stringMatching(/^map \d+ \(requests\)\tthere$/));
        expect(left).toContainEqual(`pin ${pinned}\tthere`);
        const thread = new RegExp(`^thread ${sleeper.pid} .*nice 5.*\\(was: .*nice 0`);
        expect(left).toContainEqual(expect.stringMatching(thread));
      } finally {
        rmSync(pinned, { recursive: true, force: true });
        sleeper.kill('SIGKILL');
        await new Promise((resolve) => sleeper.once('close', resolve));
      }
      expect(watch.leftovers()).toEqual([]);
      watch.end();
    });

    it('fails a boot that ends with it', async () => {
      const script = 'renice -n 3 -p 1\necho 1000 > /sys/module/kvm/parameters/halt_poll_ns';
      const run = boot({ kernel: 'newest', files: [], script, timeoutMs: 240_000 });
      await expect(run).rejects.toThrow(
        /left behind in the machine:\n(?=[^]*thread 1 .*nice 3)(?=[^]*halt_poll_ns\t1000 \(was: 200000\))/,
      );
    });
  },
);
