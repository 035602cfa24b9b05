// The agent of test/golden/revive at work on a thread that the script makes.
import { expect } from 'vitest';

/** Shell: shows the thread before, while the agent boosts it, after the agent's end and after it was killed. */
export const REVIVE = `show() { echo "SHOW $1 $(cut -d' ' -f19,40,41 /proc/$V/stat) $(sed -n 's/Cpus_allowed_list:.//p' /proc/$V/status)"; }
policy() { for i in $(seq 100); do [ "$(cut -d' ' -f41 /proc/$V/stat)" = $1 ] && return; sleep 0.2; done; }
(printf victim >/proc/self/comm; while :; do sleep 0.02; done) & V=$!
sleep 1
show before
/run_revive --limit 1s --json --seconds 5 & A=$!
policy 1; show during
wait $A; show after
/run_revive --limit 1s & A=$!
policy 1; show boosted
kill -9 $A; policy 0; sleep 1; show killed
/run_revive --limit 3s; echo STATUS $?
`;

/** Holds what the machine printed against what the agent is to do. */
export function expectRevived(text: string): void {
  // Nice value, real-time priority, scheduling policy and CPUs.
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
}
