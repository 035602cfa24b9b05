import { expect, test } from 'vitest';
import type { Trace } from '../../server/src/trace/columns.ts';
import { findVms } from '../../server/src/trace/vms.ts';
import { vcpuTimes } from '../../server/src/trace/vcpu-times.ts';
import { jsonWriter, lineWriter, textHead } from '../../server/src/trace/write-text.ts';
import { eventsOf, example, line, readTrace, textOf } from './support.ts';

const texts = ['eevdf-3vm.trace.gz', 'kvm-overcommit4.trace.gz'].map((name) =>
  readTrace(textOf(example(name))),
);

function converted(trace: Trace): string {
  const write = lineWriter(trace);
  return textHead(trace) + Array.from({ length: trace.length }, (_, row) => write(row)).join('');
}

test.each(texts)('a trace that was written as text reads the same', (trace) => {
  const again = readTrace(converted(trace));
  expect(again).toMatchObject({ skipped: 0, length: trace.length, cpus: trace.cpus });
  const [before, after] = [trace, again].map(eventsOf);
  // One comparison of all would build a report of megabytes where it fails.
  const different = before!.findIndex((event, row) => JSON.stringify(event) !== JSON.stringify(after![row]));
  expect(different === -1 ? undefined : [before![different], after![different]]).toBeUndefined();
});

test('a line of JSON has the time of the clock, the thread and the fields', () => {
  const trace = readTrace(`${line('sched_waking: comm=a pid=8 prio=120 target_cpu=001')}\n`);
  expect(JSON.parse(jsonWriter(trace)(0))).toEqual({
    t: 12_000_001_000,
    cpu: 0,
    tid: 7,
    comm: 'bash',
    event: 'sched_waking',
    pid: 8,
    target_cpu: 1,
    prio: 120,
  });
});

test('the time of a vCPU on its CPU, in its guest, and why it left', () => {
  const at = (time: number, event: string, comm = 'CPU 0/KVM', tid = 9): string =>
    line(event, { comm, tid, time: `1.${String(time).padStart(6, '0')}` });
  const trace = readTrace(
    [
      at(
        10,
        'sched_switch: prev_comm=a prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=CPU 0/KVM next_pid=9 next_prio=120',
        'a',
        7,
      ),
      at(12, 'kvm_inj_virq: IRQ 0x40'),
      at(13, 'kvm_entry: vcpu 0, rip 0x1'),
      at(20, 'kvm_exit: vcpu 0 reason hlt rip 0x1'),
      at(
        25,
        'sched_switch: prev_comm=CPU 0/KVM prev_pid=9 prev_prio=120 prev_state=S ==> next_comm=a next_pid=7 next_prio=120',
      ),
    ].join('\n') + '\n',
  );
  expect(vcpuTimes(trace, findVms(trace)).get(9)).toEqual({
    tid: 9,
    runNs: 15_000,
    guestNs: 7_000,
    halts: 0,
    injected: 1,
    exits: [['hlt', 1]],
  });
});
