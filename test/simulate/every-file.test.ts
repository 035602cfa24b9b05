import { describe, expect, test } from 'vitest';
import { snapshot } from '../../server/src/pipeline.ts';
import { simulateSnapshot } from '../../server/src/simulation.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { haveRecorded, recordedPath } from '../trace/support.ts';

const POLICY = snapshot(
  'policy count for tracing\ncounter switches\non tracepoint sched:sched_switch() { switches += 1 }\n',
  DEFAULTS,
);

/** Every file of the public set that can be read, with the events that its README counts; switches where it does. */
const FILES: readonly (readonly [name: string, events: number, switches: number | undefined])[] = [
  ['host-6.18/kvm-overcommit4.txt.gz', 127_927, 46_710],
  ['host-6.18/mix-hackbench.txt.gz', 84_525, undefined],
  ['host-6.18/nice-ladder.txt.gz', 131_766, undefined],
  ['host-6.18/rt-mix.txt.gz', 144_134, undefined],
  ['host-6.18/kvm4.v7-zstd.dat', 21_952, undefined],
  ['host-6.18/kvm4.v7-none.dat.gz', 21_952, undefined],
  ['host-6.18/kvm4.v6.dat.gz', 21_952, undefined],
  ['host-6.18/kvm4.perf.data', 28_549, undefined],
  ['host-6.18/sched4.perf.data', 15_629, undefined],
  ['kvm-svm-6.1/cfs-2vm.txt.gz', 44_757, 7660],
  ['kvm-svm-6.1/cfs-2vm.v7-zstd.dat', 16_906, undefined],
  ['kvm-svm-6.12/eevdf-3vm.txt.gz', 76_034, 11_778],
  ['kvm-svm-6.12/eevdf-3vm.v7-zstd.dat', 33_077, undefined],
  ['small/kvm-overcommit4-200ms.txt', 10_118, undefined],
  ['small/eevdf-3vm-400ms.txt', 4087, undefined],
  ['third-party/systrace-surfaceflinger.html', 2506, 715],
  ['third-party/perf-taskset2.ftrace.txt.gz', 915, undefined],
  ['third-party/juno-ftrace-v6-report.txt.gz', 2941, 1856],
  ['third-party/schedviz-test.tar.gz', 28_922, undefined],
  ['speed/sched-1M.ftrace.txt.zst', 987_007, undefined],
  ['speed/sched-1.6M.v7-zstd.dat', 1_588_261, undefined],
  ['speed/sched-1M.perf.data.zst', 977_114, undefined],
];
/** Larger files are replayed alone. */
const MODELLED = 200_000;

describe.skipIf(!haveRecorded)('simulate', () => {
  test.each(FILES)(
    '%s: all %i events are read, and the policy runs over them',
    async (name, events, switches) => {
      const result = await openTrace(recordedPath(name));
      if (!result.ok) throw new Error(result.error.message);
      const { trace } = result;
      expect([...trace.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(events);
      const recorded = trace.counts.get('sched_switch');
      if (switches !== undefined) expect(recorded).toBe(switches);
      const mode = events > MODELLED ? 'replay' : 'both';
      const outcome = simulateSnapshot(POLICY, trace, name, { scenario: undefined, params: [], mode });
      if (!outcome.ok) throw new Error(outcome.diagnostics.map(({ message }) => message).join('\n'));
      const { report } = outcome;
      expect(report.trace).toMatchObject({ events: trace.length, cpus: trace.cpus });
      expect(report.replay.hooks).toMatchObject([{ fired: recorded }]);
      if (mode === 'both') expect(report.whatif?.run.hooks[0]?.fired).toBeGreaterThan(0);
    },
    60_000,
  );
});
