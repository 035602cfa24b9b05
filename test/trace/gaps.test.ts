import { expect, test } from 'vitest';
import { gapsIn } from '../../server/src/trace/gaps.ts';
import { line, readTrace } from './support.ts';

const change = (cpu: number, prev: number, next: number, time: string): string =>
  line(
    `sched_switch: prev_comm=a prev_pid=${prev} prev_prio=120 prev_state=S ==> next_comm=b next_pid=${next} next_prio=120`,
    { cpu, tid: prev, time },
  );

test('a switch is missing where a CPU leaves a thread that it had not taken up', () => {
  const lines = [
    change(0, 5, 6, '1.000001'),
    change(1, 0, 9, '1.000002'),
    change(0, 6, 7, '1.000003'),
    change(0, 8, 7, '1.000005'),
    change(1, 9, 0, '1.000006'),
    change(1, 4, 0, '1.000008'),
  ];
  expect(gapsIn(readTrace(`${lines.join('\n')}\n`))).toEqual([
    { cpu: 0, tid: 8, from: 2000, to: 4000 },
    { cpu: 1, tid: 4, from: 5000, to: 7000 },
  ]);
});
