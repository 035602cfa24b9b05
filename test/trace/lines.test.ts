import { describe, expect, test } from 'vitest';
import { CONTEXT } from '../../server/src/trace/columns.ts';
import { KINDS } from '../../server/src/trace/kinds.ts';
import { countsOf, eventsOf, line, readError, readOne, readTrace } from './support.ts';

const WAKE = 'sched_waking: comm=a pid=8 prio=120 target_cpu=001';

describe('the head of a line', () => {
  const forms: readonly (readonly [title: string, text: string])[] = [
    ['tracefs', `       CPU 0/KVM-1102    [001] d..2.  3041.440313: ${WAKE}`],
    ['tracefs without flags', `       CPU 0/KVM-1102    [001]   3041.440313: ${WAKE}`],
    ['four flags, before 5.16', `       CPU 0/KVM-1102    [001] d..2  3041.440313: ${WAKE}`],
    ['thread groups', `       CPU 0/KVM-1102    (   1096) [001] d..2.  3041.440313: ${WAKE}`],
    ['an unknown thread group', `       CPU 0/KVM-1102    (-------) [001] d..2.  3041.440313: ${WAKE}`],
    [
      'trace-cmd report',
      `       CPU 0/KVM-1102  [001]  3041.440313: sched_waking:         ${WAKE.slice(14)}`,
    ],
    ['no indentation', `CPU 0/KVM-1102 [001] d..2. 3041.440313: ${WAKE}`],
    ['no indentation, thread groups', `CPU 0/KVM-1102  ( 1096) [001] 3041.440313: ${WAKE}`],
    ['perf script', `       CPU 0/KVM  1102 [001]  3041.440313:       sched:${WAKE}`],
    ['perf script with processes', `       CPU 0/KVM  1096/1102  [001]  3041.440313:       sched:${WAKE}`],
    ['perf script with periods', `       CPU 0/KVM  1102 [001]  3041.440313:          1 sched:${WAKE}`],
    ['perf script without indentation', `CPU 0/KVM  1102 [001]  3041.440313: sched:${WAKE}`],
    ['DOS line ends', `       CPU 0/KVM-1102    [001] d..2.  3041.440313: ${WAKE}\r`],
    ['trailing blanks', `       CPU 0/KVM-1102    [001] d..2.  3041.440313: ${WAKE} \t `],
  ];
  test.each(forms)('%s', (_title, text) => {
    const trace = readTrace(`${text}\n`);
    expect(trace).toMatchObject({ length: 1, skipped: 0, baseNs: 3_041_440_313_000n, cpus: 2 });
    expect(eventsOf(trace)[0]).toMatchObject({
      cpu: 1,
      tid: 1102,
      time: 0,
      fields: { pid: 8, target_cpu: 1 },
    });
    expect(trace.tasks.get(1102)?.comm).toBe('CPU 0/KVM');
    expect(trace.tasks.get(1102)?.tgid).toBe(text.includes('1096') ? 1096 : undefined);
  });

  test.each([
    ['.....', 0],
    ['d....', CONTEXT.irqsOff],
    ['D....', CONTEXT.irqsOff],
    ['.N...', CONTEXT.needResched],
    ['.L...', CONTEXT.needResched],
    ['..h..', CONTEXT.hardirq],
    ['..H..', CONTEXT.hardirq | CONTEXT.softirq],
    ['..s..', CONTEXT.softirq],
    ['..z..', CONTEXT.nmi],
    ['..Z..', CONTEXT.nmi | CONTEXT.hardirq],
    ['...2.', CONTEXT.preemptOff],
    ['dNh2.', CONTEXT.irqsOff | CONTEXT.needResched | CONTEXT.hardirq | CONTEXT.preemptOff],
  ])('context %s', (flags, context) => {
    expect(readOne(line(WAKE, { flags })).context).toBe(CONTEXT.known | context);
  });

  test('no context where the file has none', () => {
    expect(readOne(line(WAKE, { flags: '' })).context).toBe(0);
  });

  test('a thread that perf no longer knew', () => {
    expect(readOne(`             :-1    -1/-1    [000]  3033.048296371: sched:${WAKE}`).tid).toBe(-1);
  });

  test('nanoseconds, and times beyond 2^53 ns', () => {
    const trace = readTrace(
      `${line(WAKE, { time: '1700000000.123456789' })}\n${line(WAKE, { time: '1700000001.000000001' })}\n`,
    );
    expect(trace.baseNs).toBe(1_700_000_000_123_456_789n);
    expect([...trace.time]).toEqual([0, 876_543_212]);
    expect(trace.durationNs).toBe(876_543_212);
  });
});

describe('the order of events', () => {
  test('is that of time, and that of the file where times are the same', () => {
    const at = (time: string, tid: number) => line(WAKE, { time, tid });
    const trace = readTrace(
      [
        at('5.000003', 1),
        at('5.000001', 2),
        at('5.000003', 3),
        at('5.000002', 4),
        at('5.000001', 5),
        '',
      ].join('\n'),
    );
    expect([...trace.tid]).toEqual([2, 5, 4, 1, 3]);
    expect([...trace.time]).toEqual([0, 0, 1000, 2000, 2000]);
    expect(trace).toMatchObject({ baseNs: 5_000_001_000n, durationNs: 2000 });
    expect([...trace.cpuStart]).toEqual([0]);
  });
});

describe('lines that are no events', () => {
  test('CPUs, losses and overwritten buffers', () => {
    const trace = readTrace(
      [
        '# tracer: nop',
        '#',
        '# entries-in-buffer/entries-written: 3/30   #P:4',
        line(WAKE, { time: '5.000001' }),
        'CPU:1 [LOST 171 EVENTS]',
        'CPU:0 [EVENTS DROPPED]',
        '##### CPU 1 buffer started ####',
        line(WAKE, { time: '5.000004', cpu: 1 }),
        '',
      ].join('\n'),
    );
    expect(trace).toMatchObject({ cpus: 4, lost: 172, skipped: 0, partialUntil: 3000 });
    expect([...trace.cpuStart]).toEqual([0, 3000, Infinity, Infinity]);
    expect(trace.notes.map(({ line: at, count }) => [at, count])).toEqual([
      [3, 1],
      [5, 2],
    ]);
  });

  test('the headers of trace-cmd and perf', () => {
    expect(readTrace(`version = 6\nCPU 3 is empty\ncpus=6\n${line(WAKE)}\n`)).toMatchObject({
      cpus: 6,
      format: 'trace-cmd-text',
      skipped: 0,
    });
    const perf = `# captured on: today\n# nrcpus online : 8\n\n            a  8 [000]  1.0: sched:${WAKE}\n`;
    expect(readTrace(perf)).toMatchObject({ cpus: 8, format: 'perf-script-text', skipped: 0 });
  });

  test('call chains of perf', () => {
    const text = `a 8 [000] 1.000000: sched:${WAKE}\n\tffffffff810a1b2c try_to_wake_up+0x1c ([kernel.kallsyms])\n\n`;
    expect(readTrace(text)).toMatchObject({ length: 1, skipped: 0 });
  });

  test('torn lines are skipped, with their place', () => {
    const text = `${line(WAKE)}\n       CPU 0/KVM-1100    [000] d.h4.  3043.785373: sch\n${line(WAKE)}\n`;
    const trace = readTrace(text);
    expect(trace).toMatchObject({ length: 2, skipped: 1 });
    expect(trace.notes).toEqual([
      { message: 'the line is no event', line: 2, offset: line(WAKE).length + 1, count: 1 },
    ]);
  });

  test('a last line without an end is left out, because a number in it may be cut', () => {
    const trace = readTrace(`${line(WAKE)}\n${line(WAKE)}`);
    expect(trace).toMatchObject({ length: 1, skipped: 1 });
    expect(trace.notes[0]).toMatchObject({ line: 2, offset: line(WAKE).length + 1 });
  });

  test('lines beyond all measure do not stay in memory', () => {
    const long = 'x'.repeat(200_000);
    const trace = readTrace(`${line(WAKE)}\n${long}\n${line(WAKE)}\n${long}`, 1000);
    expect(trace).toMatchObject({ length: 2, skipped: 2 });
  });

  test('no line takes long, whatever is in it', () => {
    const lines = [
      ')['.repeat(30_000),
      line(`sched_switch: ${'a:1 [2] S ==> '.repeat(4_000)}`),
      '-1 '.repeat(20_000),
    ];
    expect(readTrace([line(WAKE), ...lines, ...lines, ''].join('\n'))).toMatchObject({
      length: 1,
      skipped: 6,
    });
  });

  test('payloads without a known form are counted and left out', () => {
    const trace = readTrace(
      `${line(WAKE)}\n${line('sched_waking: who knows')}\n${line('kvm_entry: gpa 0x0')}\n`,
    );
    expect(trace).toMatchObject({ length: 1, skipped: 2 });
    expect(countsOf(trace)).toEqual({ sched_waking: 2, kvm_entry: 1 });
    expect(trace.notes.map((note) => note.message)).toEqual([
      expect.stringContaining('sched_waking'),
      expect.stringContaining('kvm_entry'),
    ]);
  });

  test('numbers that no kernel prints are none', () => {
    const numbers = [
      'sched_stat_runtime: comm=a pid=8 runtime=123456789012345678901 [ns]',
      'sched_waking: comm=a pid=99999999 prio=120 target_cpu=001',
      'sched_waking: comm=a pid=-2 prio=120 target_cpu=001',
      'sched_waking: comm=a pid=8 prio=300 target_cpu=001',
      'sched_waking: comm=a pid=8 prio=-2 target_cpu=001',
      'sched_waking: comm=a pid=8 prio=120 target_cpu=40000',
      'sched_waking: comm=a pid=8 prio=120 target_cpu=1x',
      'kvm_msr: msr_write 80b = 0x12345678901234567',
    ].map((event) => line(event));
    const heads = [
      line(WAKE, { tid: 99_999_999 }),
      line(WAKE, { cpu: 40_000 }),
      line(WAKE, { time: '12345678901.5' }),
      line(WAKE, { time: '1.1234567890' }),
    ];
    const trace = readTrace([line(WAKE), ...numbers, ...heads, ''].join('\n'));
    expect(trace).toMatchObject({ length: 1, skipped: 12 });
    expect(countsOf(trace)).toEqual({ sched_waking: 7, sched_stat_runtime: 1, kvm_msr: 1 });
  });

  test('events that no policy uses are counted, the lines of the function tracer too', () => {
    const trace = readTrace(
      [
        line(WAKE),
        line('print: hello: world'),
        line('schedule <-do_nanosleep'),
        line('kvm_ack_irq:'),
        '',
      ].join('\n'),
    );
    expect(countsOf(trace)).toEqual({ sched_waking: 1, print: 1, function: 1, kvm_ack_irq: 1 });
    expect(trace).toMatchObject({ length: 1, skipped: 0 });
  });

  test('the list of notes has an end, and counts all', () => {
    const kinds = KINDS.map(({ name }) => line(`${name}: ?`));
    const lines = [line(WAKE), 'CPU:0 [LOST 5 EVENTS]', 'torn', ...kinds, ...kinds, 'x'.repeat(70_000), ''];
    const trace = readTrace(lines.join('\n'));
    expect(trace.skipped).toBe(2 * kinds.length + 2);
    expect(trace.notes).toHaveLength(25);
    expect(trace.notes.reduce((sum, note) => sum + note.count, 0)).toBe(trace.skipped + 1);
  });
});

describe('what is refused', () => {
  test('nothing at all', () => {
    expect(readError('').message).toContain('no event was found');
    expect(readError('# tracer: nop\n#\n').message).toContain('no event was found');
    expect(readError('hello\nworld\n')).toMatchObject({ line: 1, offset: 0 });
  });

  test('text without an event is not read to its end', () => {
    const reader = 'hello\n'.repeat(20_000);
    expect(readError(reader)).toMatchObject({ line: 1 });
  });

  test('clocks that count cycles, with the way out', () => {
    const error = readError(`# tracer: nop\nodd\n${line(WAKE, { time: '8500553468162' })}\n`);
    expect(error).toMatchObject({ line: 3, offset: 18 });
    expect(error.message).toContain('echo mono > trace_clock');
  });

  test.each([
    ['header', '# nop latency trace v1.1.5 on 6.18\n'],
    ['tracefs', `kdamond.-77        0dNh3. 23137us : ${WAKE}\n`],
    ['trace-cmd', `cpus=2\n    gzip-1134    1d..3.  3038.145123: ${WAKE}\n`],
  ])('the latency format: %s', (_title, text) => {
    expect(readError(text).message).toContain('latency');
  });

  test('perf script without the CPU, and reports of perf sched', () => {
    expect(readError(`perf  1113  3033.048296: sched:${WAKE}\n`).message).toContain(
      'perf script --ns -F comm',
    );
    const report =
      '           time    cpu  task name                       wait time  sch delay   run time\n';
    expect(readError(report).message).toContain('perf sched');
  });
});
