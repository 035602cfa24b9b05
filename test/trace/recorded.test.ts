import { describe, expect, test } from 'vitest';
import { TASK_STATE, kindIndex } from '../../server/src/trace/kinds.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { type NaiveEvent, naiveEvents } from './oracle.ts';
import {
  type Event,
  comparable,
  countsOf,
  eventsOf,
  example,
  haveRecorded,
  read,
  readTrace,
  recordedPath,
  textOf,
  totalOf,
} from './support.ts';

describe('the example traces', () => {
  test.each(['eevdf-3vm.trace.gz', 'kvm-overcommit4.trace.gz', 'eevdf-3vm-6s.trace.gz'])(
    '%s reads as a naive reader reads it',
    (name) => {
      const text = textOf(example(name));
      const trace = readTrace(text);
      const naive = [...naiveEvents(new TextDecoder().decode(text))];
      expect(trace.length).toBe(naive.length);
      const base = Number(trace.baseNs / 1000n);
      const events = eventsOf(trace);
      // One comparison of all would build a report of megabytes where it fails.
      const different = events.findIndex((event, i) => !same(event, base, naive[i]!));
      expect(different === -1 ? undefined : [events[different], naive[different]]).toBeUndefined();
    },
  );

  test.each([1, 2, 7, 100, 4096])('read the same in pieces of %i bytes', (size) => {
    const text = textOf(example('eevdf-3vm.trace.gz')).subarray(0, size === 1 ? 60_000 : undefined);
    expect(comparable(read(text, size))).toEqual(comparable(read(text)));
  });
});

function same(event: Event, base: number, naive: NaiveEvent): boolean {
  return (
    event.name === naive.name &&
    event.cpu === naive.cpu &&
    event.tid === naive.tid &&
    base + event.time / 1000 === naive.micros &&
    Object.keys(naive.fields).length === Object.keys(event.fields).length &&
    Object.entries(naive.fields).every(([field, value]) => event.fields[field] === value)
  );
}

async function opened(name: string) {
  const result = await openTrace(recordedPath(name));
  if (!result.ok) throw new Error(`${name}: ${result.error.message}`);
  return result.trace;
}

async function reasonFor(name: string): Promise<string> {
  const result = await openTrace(recordedPath(name));
  return result.ok ? 'was read' : result.error.message;
}

describe.skipIf(!haveRecorded)('recorded traces', () => {
  const kvmSvm61 = {
    kvm_entry: 7126,
    kvm_exit: 7126,
    kvm_inj_virq: 2549,
    kvm_apic_ipi: 1308,
    sched_switch: 7660,
  };
  const kvmSvm612 = { kvm_entry: 12_996, kvm_exit: 12_997, kvm_inj_virq: 5498, sched_switch: 11_778 };
  const overcommit = {
    sched_switch: 46_710,
    sched_waking: 26_484,
    kvm_vcpu_wakeup: 4366,
    kvm_set_irq: 11_692,
    kvm_userspace_exit: 382,
  };
  const files: readonly (readonly [name: string, total: number, counts: Record<string, number>])[] = [
    ['host-6.18/kvm-overcommit4.txt.gz', 127_927, overcommit],
    ['host-6.18/mix-hackbench.txt.gz', 84_525, {}],
    ['host-6.18/nice-ladder.txt.gz', 131_766, { sched_stat_runtime: 46_083 }],
    ['host-6.18/rt-mix.txt.gz', 144_134, {}],
    ['kvm-svm-6.1/cfs-2vm.txt.gz', 44_757, kvmSvm61],
    ['kvm-svm-6.12/eevdf-3vm.txt.gz', 76_034, kvmSvm612],
    ['small/kvm-overcommit4-200ms.txt', 10_118, {}],
    ['small/eevdf-3vm-400ms.txt', 4_087, {}],
  ];
  test.each(files)('%s has %i events', async (name, total, counts) => {
    const trace = await opened(name);
    expect(trace).toMatchObject({ format: 'ftrace-text', cpus: 2, lost: 0, skipped: 0, partialUntil: 0 });
    expect(totalOf(trace)).toBe(total);
    expect(countsOf(trace)).toMatchObject(counts);
  });

  test('exits are for the reasons that the host counted', async () => {
    const trace = await opened('kvm-svm-6.12/eevdf-3vm.txt.gz');
    const counts: Record<string, number> = {};
    for (const { name, fields } of eventsOf(trace)) {
      const reason = fields['exit_reason'];
      if (name === 'kvm_exit') counts[reason!] = (counts[reason!] ?? 0) + 1;
    }
    expect(counts).toEqual({ msr: 6618, hlt: 4794, vintr: 851, interrupt: 734 });
  });

  test('preempted inside the kernel is told from preempted on the way out', async () => {
    const trace = await opened('host-6.18/kvm-overcommit4.txt.gz');
    const states = eventsOf(trace).flatMap(({ name, fields }) =>
      name === 'sched_switch' ? [fields['prev_state']] : [],
    );
    expect(states.filter((state) => state === 0)).toHaveLength(17_693);
    expect(states.filter((state) => state === TASK_STATE.preempted)).toHaveLength(2_483);
  });

  test('a CPU switches away from the thread that it switched to, but for the one process left out', async () => {
    const trace = await opened('host-6.18/kvm-overcommit4.txt.gz');
    const current = new Map<number, number>();
    let breaks = 0;
    for (let row = 0; row < trace.length; row++) {
      if (trace.kind[row] !== kindIndex('sched_switch')) continue;
      const cpu = trace.cpu[row]!;
      if (current.has(cpu) && current.get(cpu) !== trace.a[row]) breaks++;
      current.set(cpu, trace.b[row]!);
    }
    expect(breaks).toBe(45);
  });

  const variants: readonly (readonly [name: string, format: string, total: number])[] = [
    ['tracefs-tgid', 'ftrace-text', 3278],
    ['tracefs-noirq', 'ftrace-text', 3579],
    ['tracefs-global', 'ftrace-text', 3785],
    ['trace-cmd-report-default', 'trace-cmd-text', 5999],
    ['trace-cmd-report-t-ns', 'trace-cmd-text', 5999],
    ['trace-cmd-report-R-raw', 'trace-cmd-text', 5999],
    ['trace-cmd-report-N-noplugins', 'trace-cmd-text', 2999],
    ['perf-script-default', 'perf-script-text', 6000],
    ['perf-script-ns-pid-tid', 'perf-script-text', 6000],
  ];
  test.each(variants)('%s', async (name, format, total) => {
    const trace = await opened(`text-variants/${name}.txt.gz`);
    expect(trace).toMatchObject({ format, cpus: 2, lost: 0, skipped: 0, notes: [] });
    expect(totalOf(trace)).toBe(total);
  });

  test('trace-cmd prints the same recording in four forms', async () => {
    const variant = async (name: string) => {
      const trace = await opened(`text-variants/trace-cmd-report-${name}.txt.gz`);
      return { trace, events: eventsOf(trace) };
    };
    const raw = await variant('R-raw');
    const plain = await variant('default');
    const nanos = await variant('t-ns');
    const kernel = await variant('N-noplugins');
    expect(nanos.events.map(({ fields }) => fields)).toEqual(plain.events.map(({ fields }) => fields));
    const micros = nanos.events.map(({ time }) =>
      Math.round((time + Number(nanos.trace.baseNs % 1000n)) / 1000),
    );
    expect(micros).toEqual(plain.events.map(({ time }) => time / 1000));
    // The raw form has the numbers that the kernel recorded. trace-cmd's plugin prints R for a preempted task.
    const withoutPreempted = raw.events.map(({ fields }) =>
      fields['prev_state'] === TASK_STATE.preempted ? { ...fields, prev_state: 0 } : fields,
    );
    expect(plain.events.map(({ fields }) => fields)).toEqual(withoutPreempted);
    expect(kernel.events).toEqual(raw.events.slice(0, kernel.events.length));
    expect([...plain.trace.tasks]).toEqual([...raw.trace.tasks]);
  });

  test('perf script prints the same recording in two forms', async () => {
    const plain = await opened('text-variants/perf-script-default.txt.gz');
    const both = await opened('text-variants/perf-script-ns-pid-tid.txt.gz');
    expect(eventsOf(both).map(({ fields }) => fields)).toEqual(eventsOf(plain).map(({ fields }) => fields));
    expect(both.tasks.get(1100)).toEqual({ tid: 1100, comm: 'CPU 0/KVM', tgid: 1093 });
    expect(plain.tasks.get(1100)).toEqual({ tid: 1100, comm: 'CPU 0/KVM', tgid: undefined });
  });

  test('trace_pipe, with losses and a reader that was killed', async () => {
    const trace = await opened('text-variants/trace_pipe-lost-events.txt.gz');
    expect(trace).toMatchObject({ format: 'ftrace-text', lost: 194 + 171 + 3372, skipped: 1 });
    expect(totalOf(trace)).toBe(19_347);
    expect(trace.notes.map(({ line, count }) => [line, count])).toEqual([
      [15, 3],
      [19_351, 1],
    ]);
  });

  test('other kernels and tools', async () => {
    const juno = await opened('third-party/juno-ftrace-v6-report.txt.gz');
    expect(juno).toMatchObject({ format: 'trace-cmd-text', cpus: 6, skipped: 0 });
    expect(countsOf(juno)).toMatchObject({ sched_switch: 1856, sched_wakeup: 1068, print: 14 });
    const preempted = eventsOf(juno).filter(({ fields }) => fields['prev_state'] === TASK_STATE.preempted);
    expect(preempted).toHaveLength(335);
    const taskset = await opened('third-party/perf-taskset2.ftrace.txt.gz');
    expect(taskset).toMatchObject({ cpus: 4, skipped: 0 });
    expect(totalOf(taskset)).toBe(915);
  });

  test('a page of systrace, and pages of ring buffers in an archive', async () => {
    const page = await opened('third-party/systrace-surfaceflinger.html');
    expect(page).toMatchObject({ format: 'systrace-html', cpus: 8, skipped: 0 });
    expect(countsOf(page)).toMatchObject({ sched_switch: 715 });
    const raw = await opened('third-party/schedviz-test.tar.gz');
    expect(raw).toMatchObject({ format: 'raw-pages', cpus: 1, skipped: 0 });
    expect(totalOf(raw)).toBe(28_922);
  });

  test.each([
    ['text-variants/tracefs-latency.txt.gz', 'latency format'],
    ['text-variants/trace-cmd-report-l-latency.txt.gz', 'latency format'],
    ['text-variants/tracefs-clock-x86-tsc.txt.gz', 'no decimal point'],
    ['text-variants/tracefs-clock-uptime.txt.gz', 'no decimal point'],
    ['text-variants/perf-sched-timehist.txt.gz', 'report of perf sched'],
    ['text-variants/perf-sched-latency.txt.gz', 'report of perf sched'],
    ['host-6.18/kvm4-clock-tsc.v7-zstd.dat', 'its clock is x86-tsc'],
    ['third-party/schedviz-raw-cpu0.bin', 'name the folder'],
  ])('%s is refused: %s', async (name, reason) => {
    expect(await reasonFor(name)).toContain(reason);
  });
});
