import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildStaticAgent } from './policy.ts';
import { expectRevived, REVIVE } from './revive.ts';
import { boot, vmToolsPresent } from './vm.ts';

const POLICIES = join(import.meta.dirname, '../golden');

/** Loops that want all CPUs, two for each. */
const HOGS = 'for i in 1 2 3 4; do (while :; do :; done) & done';

lane(
  'qemu',
  'agents in a virtual machine',
  () => (vmToolsPresent() && findClang() && onPath('bpftool') ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-agent-'));
    const built = new Map<string, string>();
    beforeAll(() => {
      for (const name of ['revive', 'queues', 'guarded']) {
        const policy = join(POLICIES, name, `${name}.pvpolicy`);
        const [agent = ''] = buildStaticAgent(policy, folder);
        built.set(name, agent);
      }
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.concurrent('boosts and pins a thread, and undoes it at the end and when it is killed', async () => {
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('revive') ?? ''],
        script: REVIVE,
        timeoutMs: 480_000,
      });
      expectRevived(text);
      expect(finished).toBe(true);
    });

    it.concurrent('refuses, and counts, a call from a hook that has interrupted another', async () => {
      const script = `(while :; do /bin/true; done) &
/run_guarded --json --seconds 4; echo STATUS $?`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('guarded') ?? ''],
        script,
        timeoutMs: 240_000,
      });
      expect(Number(/"calls_refused":(\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
      expect(text).toContain('STATUS 0');
      expect(finished).toBe(true);
    });

    it.concurrent('runs a scheduler with two queues under load and says why it ended', async () => {
      const script = `${HOGS}
/run_queues --seconds 8 --weight-of 77=300; echo STATUS $?
/run_queues --json --partial --seconds 3; echo STATUS $?
dmesg | grep sched_ext`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('queues') ?? ''],
        script,
        timeoutMs: 480_000,
      });
      expect([...text.matchAll(/STATUS (\d+)/g)].map(([, status]) => status)).toEqual(['0', '0']);
      expect(text).toMatch(/^ran: \d{2,}, mean \d+ ns/m);
      expect(text.match(/disabled \(unregistered from user space\)/g)).toHaveLength(2);
      expect(text).not.toMatch(/runtime error|stall/);
      expect(finished).toBe(true);
    });
  },
);
