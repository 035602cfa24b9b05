import { describe, expect, test } from 'vitest';
import { traceInfo, traceInfoJson } from '../../server/src/trace/info.ts';
import {
  incompleteTrace,
  inferredVms,
  sharedThreads,
  unreadableTrace,
} from '../../server/src/trace/diagnose.ts';
import { selectVms } from '../../server/src/trace/select.ts';
import { findVms } from '../../server/src/trace/vms.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { example, haveRecorded, line, readTrace, recordedPath, textOf } from './support.ts';

const trace = (...lines: readonly string[]) => readTrace([...lines, ''].join('\n'));
const entry = (id: number, tid: number, comm = 'worker') =>
  line(`kvm_entry: vcpu ${id}, rip 0x1`, { tid, comm });
const wake = (comm: string, pid: number, waker: { comm: string; tid: number; flags?: string }) =>
  line(`sched_waking: comm=${comm} pid=${pid} prio=120 target_cpu=000`, waker);
const grouped = (...lines: readonly string[]) =>
  findVms(trace(...lines)).map((vm) => [
    vm.name,
    vm.evidence,
    vm.vcpus.map(({ id, tid }) => `${id}:${tid}`).join(' '),
  ]);

async function opened(path: string) {
  const result = await openTrace(path);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

describe('findVms', () => {
  test('finds none where there are none', () => {
    expect(grouped(line('sched_waking: comm=a pid=8 prio=120 target_cpu=000'))).toEqual([]);
  });

  test('knows vCPUs by their entries and exits, whatever their names', () => {
    const exit = line('kvm_exit: vcpu 1 reason hlt rip 0x1 info1 0x0', { tid: 31 });
    expect(grouped(entry(0, 30), exit)).toEqual([['vm-30', 'order', '0:30 1:31']]);
  });

  test('knows sleeping vCPUs by the names that QEMU gives', () => {
    const waker = { comm: 'x', tid: 5 };
    expect(grouped(wake('CPU 0/KVM', 30, waker), wake('CPU 11/KVM', 31, waker))).toEqual([
      ['vm-30', 'order', '0:30 11:31'],
    ]);
  });

  test('takes the number of a vCPU from its name where KVM does not print it', () => {
    const halted = (comm: string, tid: number) =>
      line('kvm_vcpu_wakeup: wait time 1 ns, polling valid', { comm, tid });
    expect(grouped(halted('fc_vcpu 0', 30), halted('fc_vcpu 1', 31))).toEqual([
      ['vm-30', 'order', '0:30 1:31'],
    ]);
    expect(grouped(halted('CPU 5/KVM', 30))).toEqual([['vm-30', 'order', '5:30']]);
    expect(grouped(halted('a', 30), halted('b', 31))).toEqual([
      ['vm-30', 'order', '0:30'],
      ['vm-31', 'order', '0:31'],
    ]);
  });

  test('does not take a task for a vCPU because of its name alone', () => {
    expect(grouped(wake('fc_vcpu 0', 30, { comm: 'x', tid: 5 }))).toEqual([]);
  });

  test('goes by the process where the trace names it', () => {
    const of = (id: number, tid: number, tgid: number) =>
      `       CPU ${id}/KVM-${tid}    (   ${tgid}) [001] d..2.  3041.440313: kvm_entry: vcpu ${id}, rip 0x1`;
    const main = `            qemu-20    (     20) [001] d..2.  3041.440313: print: x`;
    const vms = findVms(trace(of(0, 30, 20), of(0, 31, 21), of(1, 32, 20), of(1, 33, 21), main));
    expect(vms).toEqual([
      {
        name: 'vm-20',
        id: 20,
        vcpus: [
          { id: 0, tid: 30 },
          { id: 1, tid: 32 },
        ],
        tids: [20, 30, 32],
        evidence: 'tgid',
        inferred: false,
      },
      expect.objectContaining({ name: 'vm-21', tids: [31, 33], inferred: false }),
    ]);
  });

  test('goes by the thread that made the vCPUs', () => {
    const fork = (parent: number, child: number) =>
      line(`sched_process_fork: comm=q pid=${parent} child_comm=q child_pid=${child}`);
    expect(
      grouped(
        fork(20, 30),
        fork(21, 31),
        fork(20, 32),
        fork(21, 33),
        entry(0, 30),
        entry(0, 31),
        entry(1, 32),
        entry(1, 33),
      ),
    ).toEqual([
      ['vm-20', 'fork', '0:30 1:32'],
      ['vm-21', 'fork', '0:31 1:33'],
    ]);
  });

  test('goes by the kernel threads that work for a VM, but not by interrupts that hit them', () => {
    const pit = { comm: 'kvm-pit/20', tid: 40 };
    const vhost = { comm: 'vhost-21', tid: 41 };
    const stray = { comm: 'kvm-pit/20', tid: 40, flags: 'd.h2.' };
    expect(
      grouped(
        wake('CPU 0/KVM', 30, pit),
        wake('CPU 0/KVM', 31, vhost),
        wake('CPU 0/KVM', 31, stray),
        wake('CPU 0/KVM', 31, stray),
      ),
    ).toEqual([
      ['vm-20', 'worker', '0:30'],
      ['vm-21', 'worker', '0:31'],
    ]);
  });

  test('lets number 0 begin a VM where nothing else is known', () => {
    expect(
      grouped(entry(1, 29), entry(1, 33), entry(0, 30), entry(0, 32), entry(1, 31), entry(1, 34)),
    ).toEqual([
      ['vm-29', 'order', '1:29'],
      ['vm-30', 'order', '0:30 1:31'],
      ['vm-32', 'order', '0:32 1:33'],
      ['vm-34', 'order', '1:34'],
    ]);
  });

  test.skipIf(!haveRecorded)('finds by the workers what the process ids say', async () => {
    const told = findVms(await opened(recordedPath('text-variants/perf-script-ns-pid-tid.txt.gz')));
    expect(told.map((vm) => [vm.id, vm.evidence])).toEqual(
      [1093, 1094, 1095, 1096].map((id) => [id, 'tgid']),
    );
    const byTid = new Map(told.map((vm) => [vm.vcpus[0]!.tid, vm.id]));
    const guessed = findVms(await opened(recordedPath('text-variants/trace-cmd-report-default.txt.gz')));
    expect(guessed).toHaveLength(4);
    const workers = guessed.filter((vm) => vm.evidence === 'worker');
    expect(workers).toHaveLength(3);
    for (const vm of workers) expect(byTid.get(vm.vcpus[0]!.tid)).toBe(vm.id);
  });

  test('of the examples', async () => {
    const of = async (name: string) =>
      findVms(await opened(example(name))).map((vm) => vm.vcpus.map(({ tid }) => tid));
    expect(await of('eevdf-3vm.trace.gz')).toEqual([[169], [172, 173]]);
    expect(await of('eevdf-3vm-6s.trace.gz')).toEqual([[169], [172, 173]]);
    expect(await of('kvm-overcommit4.trace.gz')).toEqual([[22743], [22744], [22742], [22741]]);
  });
});

describe('selectVms', () => {
  const recording = readTrace(textOf(example('eevdf-3vm.trace.gz')));
  const select = (...selectors: Parameters<typeof selectVms>[1][number]['selectors']) =>
    selectVms(recording, [{ name: 'm', selectors }])[0]!;

  test('a name picks whole VMs, and other threads', () => {
    expect(select({ by: 'comm', value: 'CPU 1/KVM' })).toMatchObject({
      id: 172,
      tids: [172, 173],
      problems: [],
    });
    expect(select({ by: 'comm', value: 'CPU ?/KVM' })).toMatchObject({ id: 169, tids: [169, 172, 173] });
    expect(select({ by: 'comm', value: 'p*ng' })).toMatchObject({ vcpus: [], id: 164, tids: [164, 171] });
    expect(select({ by: 'comm', value: 'CPU*' }, { by: 'comm', value: 'periodic' }).tids).toEqual([
      163, 169, 172, 173,
    ]);
  });

  test('letters with a meaning in regular expressions are letters', () => {
    const odd = trace(wake('a.b+[c](d', 8, { comm: 'axb', tid: 9 }));
    const tids = (value: string) =>
      selectVms(odd, [{ name: 'm', selectors: [{ by: 'comm', value }] }])[0]!.tids;
    expect(tids('a.b+[c](d')).toEqual([8]);
    expect(tids('a.b')).toEqual([]);
    expect(tids('***')).toEqual([8, 9]);
  });

  test('a process picks its VM, a thread itself alone', () => {
    expect(select({ by: 'pid', value: 173 })).toMatchObject({ vcpus: [{ id: 1, tid: 173 }], tids: [173] });
    expect(select({ by: 'pid', value: 172 })).toMatchObject({ id: 172, tids: [172, 173] });
  });

  test('nothing, with the names that there are', () => {
    const { problems, ...selected } = select({ by: 'comm', value: 'qemu*' });
    expect(selected).toMatchObject({ id: -1, tids: [], vcpus: [] });
    expect(problems).toMatchObject([
      { kind: 'nothing', present: ['CPU 0/KVM', 'CPU 1/KVM', 'pong', 'ping', 'periodic', expect.anything()] },
    ]);
    expect(select({ by: 'pid', value: 1 << 21 }).problems).toMatchObject([{ kind: 'nothing' }]);
  });

  test('cgroups are not in a trace', () => {
    expect(select({ by: 'cgroup', value: '/machine/*' }).problems).toMatchObject([{ kind: 'cgroup' }]);
  });

  test('a thread belongs to the first that picks it', () => {
    const [first, second] = selectVms(recording, [
      { name: 'one', selectors: [{ by: 'pid', value: 169 }] },
      {
        name: 'all',
        selectors: [
          { by: 'comm', value: 'CPU*' },
          { by: 'comm', value: 'CPU*' },
        ],
      },
    ]);
    expect(first).toMatchObject({ tids: [169], problems: [] });
    expect(second).toMatchObject({ tids: [172, 173], id: 172 });
    const span = { start: 1, end: 2 };
    expect(sharedThreads(second!, span)).toMatchObject([{ code: 'PV7004', span, severity: 'warning' }]);
    expect(sharedThreads(first!, span)).toEqual([]);
  });
});

describe('traceInfo', () => {
  test('sums up a trace', () => {
    const info = traceInfo(readTrace(textOf(example('kvm-overcommit4.trace.gz'))));
    expect(info).toMatchObject({
      total: 10_118,
      rows: 9_914,
      cpus: 2,
      startNs: 2_141_603_906_000n,
      notes: [],
    });
    expect(info.events[0]).toEqual({ name: 'sched_switch', count: 4_185 });
    expect(info.events.reduce((sum, { count }) => sum + count, 0)).toBe(info.total);
  });

  test('has the form that programs rely on', () => {
    const document = traceInfoJson(traceInfo(readTrace(textOf(example('eevdf-3vm.trace.gz')))));
    expect(JSON.parse(JSON.stringify(document))).toEqual({
      version: 1,
      format: 'ftrace-text',
      clock: 'unknown',
      cpus: 2,
      duration_ns: 399_873_000,
      total: 4_087,
      events: {
        kvm_exit: 726,
        kvm_entry: 725,
        sched_switch: 615,
        sched_waking: 374,
        sched_wakeup: 374,
        kvm_msr: 362,
        kvm_apic_accept_irq: 329,
        kvm_inj_virq: 295,
        kvm_vcpu_wakeup: 206,
        kvm_apic_ipi: 71,
        sched_migrate_task: 10,
      },
      lost: 0,
      skipped: 0,
      gaps: 0,
      silences: [],
      partial_until_ns: 0,
      notes: [],
      tasks: 8,
      vms: [
        { name: 'vm-169', vcpus: [{ id: 0, tid: 169 }] },
        {
          name: 'vm-172',
          vcpus: [
            { id: 0, tid: 172 },
            { id: 1, tid: 173 },
          ],
        },
      ],
    });
  });
});

describe('diagnostics', () => {
  const span = { start: 3, end: 9 };

  test('PV7001 says why and where', async () => {
    const result = await openTrace(example('nowhere'));
    if (result.ok) throw new Error('this should not have been read');
    expect(unreadableTrace('x.gz', result.error, span).message).toBe(
      'the trace x.gz cannot be used: does not exist',
    );
    const at = { message: 'it is odd', line: 3, offset: 99 };
    expect(unreadableTrace('x', at, span)).toMatchObject({
      code: 'PV7001',
      severity: 'error',
      message: 'the trace x cannot be used: at line 3 (byte 99) it is odd',
    });
  });

  test('PV7002 says what is missing', () => {
    const whole = readTrace(textOf(example('eevdf-3vm.trace.gz')));
    expect(incompleteTrace('x', whole, span)).toEqual([]);
    const lossy = trace('CPU:1 [LOST 5 EVENTS]', '##### CPU 1 buffer started ####', entry(0, 3), 'torn');
    expect(incompleteTrace('x', lossy, span)).toMatchObject([
      { code: 'PV7002', message: expect.stringContaining('lost 5 events, 1 line could not be read') },
    ]);
  });

  test('PV7003 tells of VMs by guess that could be otherwise', () => {
    expect(inferredVms(findVms(trace(entry(0, 3))), span)).toEqual([]);
    expect(inferredVms(findVms(trace(entry(0, 3), entry(1, 4))), span)).toMatchObject([{ code: 'PV7003' }]);
  });
});
