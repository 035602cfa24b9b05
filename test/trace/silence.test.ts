import { expect, test } from 'vitest';
import { incompleteTrace } from '../../server/src/trace/diagnose.ts';
import { traceInfo } from '../../server/src/trace/info.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { simulateSnapshot } from '../../server/src/simulation.ts';
import { longestPart } from '../../server/src/trace/silence.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { line, readTrace } from './support.ts';

const change = (cpu: number, prev: number, next: number, time: string): string =>
  line(
    `sched_switch: prev_comm=a prev_pid=${prev} prev_prio=120 prev_state=S ==> next_comm=b next_pid=${next} next_prio=120`,
    { cpu, tid: prev, time },
  );
const read = (...lines: readonly string[]) => readTrace(`${lines.join('\n')}\n`);
const SPAN = { start: 0, end: 0 };

test('a clock that jumps ahead parts a trace, and the part with the most events is used', () => {
  const trace = read(
    change(0, 5, 6, '1.000001'),
    change(0, 6, 7, '1.000003'),
    change(1, 0, 9, '100001.000001'),
    change(0, 7, 8, '100001.000004'),
    change(1, 9, 0, '100001.000006'),
  );
  expect(traceInfo(trace).silences).toEqual([{ from: 2000, ns: 1e14 - 2000 }]);
  expect(incompleteTrace('x', trace, SPAN)[0]?.message).toContain(
    'after 0.000002 s it has no event for 100000 s',
  );
  const part = longestPart(trace);
  expect([...part.time]).toEqual([0, 3000, 5000]);
  expect(part).toMatchObject({ length: 3, baseNs: 100_001_000_001_000n, durationNs: 5000 });
  expect([...part.cpuStart]).toEqual([3000, 0]);
  expect([...part.cpu]).toEqual([1, 0, 1]);
  expect(part.counts).toEqual(new Map([['sched_switch', 3]]));
  expect(longestPart(part)).toBe(part);
});

test('names of threads go with the part that is used', () => {
  const named = (comm: string, time: string): string =>
    line(`sched_waking: comm=${comm} pid=5 prio=120 target_cpu=000`, { cpu: 0, tid: 4, time });
  const part = longestPart(
    read(
      named('old', '1.000000'),
      named('new', '5000.000000'),
      named('newer', '5000.000001'),
      named('x', '5000.000002'),
    ),
  );
  expect(part.renamed?.get(5)).toMatchObject([
    { comm: 'old' },
    { from: 0, comm: 'new' },
    { from: 1000, comm: 'newer' },
    { from: 2000, comm: 'x' },
  ]);
});

test('a minute without events is no silence', () => {
  const trace = read(change(0, 5, 6, '1.000001'), change(0, 6, 7, '61.000003'));
  expect(traceInfo(trace).silences).toEqual([]);
  expect(longestPart(trace)).toBe(trace);
});

test('a time that goes back on a CPU is told with its line; CPUs that are printed in turns are none', () => {
  const turns = read(change(0, 5, 6, '2.000000'), change(1, 6, 7, '1.000000'), change(0, 6, 5, '2.000000'));
  expect(turns.notes).toEqual([]);
  const back = read(change(0, 5, 6, '2.000000'), change(0, 6, 7, '1.000000'), change(0, 7, 5, '1.500000'));
  expect(back.notes).toMatchObject([
    { message: expect.stringContaining('the time goes back'), line: 2, count: 1 },
  ]);
  expect(incompleteTrace('x', back, SPAN)[0]?.message).toContain('its time goes back once');
});

test('what is simulated and shown is the part that is used, in its own time', () => {
  const current = snapshot(
    'policy p for tracing\ncounter c\non tracepoint sched:sched_switch(preempt, prev, next) { c += 1 }\n',
    DEFAULTS,
  );
  const trace = read(
    change(0, 5, 6, '1.000001'),
    change(0, 6, 7, '90000.000003'),
    change(0, 7, 8, '90000.000004'),
  );
  const options = { scenario: undefined, params: [], mode: 'replay' } as const;
  const outcome = simulateSnapshot(current, trace, 'x', options);
  if (!outcome.ok) throw new Error('it did not run');
  expect(outcome.report.trace).toMatchObject({ events: 2, duration_ns: 1000 });
  expect(outcome.report.replay.hooks).toMatchObject([{ fired: 2 }]);
  expect(outcome.recorded).toMatchObject({ length: 2, durationNs: 1000 });
  expect(outcome.diagnostics).toMatchObject([{ code: 'PV7002' }]);
});
