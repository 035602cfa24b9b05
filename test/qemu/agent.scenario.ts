import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { buildStaticAgent } from './policy.ts';
import { boot, vmToolsPresent } from './vm.ts';

const POLICIES = join(import.meta.dirname, '../golden');

/** Nice value, real-time priority, scheduling policy and CPUs of the victim. */
const SHOW = `show() { echo "SHOW $1 $(cut -d' ' -f19,40,41 /proc/$V/stat) $(sed -n 's/Cpus_allowed_list:.//p' /proc/$V/status)"; }
boosted() { for i in $(seq 100); do [ "$(cut -d' ' -f41 /proc/$V/stat)" = 1 ] && return; sleep 0.2; done; }
(printf victim >/proc/self/comm; while :; do sleep 0.02; done) & V=$!
sleep 1`;

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

    it('boosts and pins a thread, and undoes it at the end and when it is killed', async () => {
      const script = `${SHOW}
show before
/run_revive --limit 1s --json --seconds 3 & A=$!
boosted; show during
wait $A; show after
/run_revive --limit 1s & A=$!
boosted; show boosted
kill -9 $A; sleep 1; show killed
/run_revive --limit 3s; echo STATUS $?`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('revive') ?? ''],
        script,
        timeoutMs: 240_000,
      });
      const shown = Object.fromEntries(
        [...text.matchAll(/SHOW (\w+) (.*?)\r?$/gm)].map(([, when, what]) => [when, what]),
      );
      // SCHED_FIFO, priority 7, on CPU 1.
      expect(shown).toMatchObject({
        during: expect.stringMatching(/ 7 1 1$/),
        boosted: expect.stringMatching(/ 7 1 1$/),
      });
      expect(shown).toMatchObject({ before: '0 0 0 0-1', after: '0 0 0 0-1', killed: '0 0 0 0-1' });
      const report = JSON.parse(/^\{"policy":"revive".*\}\r?$/m.exec(text)?.[0] ?? '{}') as {
        stats: { per: string; boosts?: number }[];
      };
      expect(report.stats.find(({ per }) => per === 'task')?.boosts).toBeGreaterThan(10);
      // 3 s are out of the range of the param.
      expect(text).toContain('STATUS 2');
      expect(finished).toBe(true);
    });

    it('refuses, and counts, a call from a hook that has interrupted another', async () => {
      const script = `(while :; do /bin/true; done) &
/run_guarded --json --seconds 4; echo STATUS $?`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('guarded') ?? ''],
        script,
        timeoutMs: 120_000,
      });
      expect(Number(/"calls_refused":(\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
      expect(text).toContain('STATUS 0');
      expect(finished).toBe(true);
    });

    it('runs a scheduler with two queues under load and says why it ended', async () => {
      const script = `${HOGS}
/run_queues --seconds 8 --weight-of 77=300; echo STATUS $?
/run_queues --json --partial --seconds 3; echo STATUS $?
dmesg | grep sched_ext`;
      const { console: text, finished } = await boot({
        kernel: 'newest',
        files: [built.get('queues') ?? ''],
        script,
        timeoutMs: 240_000,
      });
      expect([...text.matchAll(/STATUS (\d+)/g)].map(([, status]) => status)).toEqual(['0', '0']);
      expect(text).toMatch(/^ran: \d{2,}, mean \d+ ns/m);
      expect(text.match(/disabled \(unregistered from user space\)/g)).toHaveLength(2);
      expect(text).not.toMatch(/runtime error|stall/);
      expect(finished).toBe(true);
    });
  },
);
