import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { CtfReader } from '../../server/src/trace/ctf.ts';
import { CONTEXT, type Trace } from '../../server/src/trace/columns.ts';
import { readCtf } from '../../server/src/trace/node/babeltrace.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { lane, onPath } from '../support/lanes.ts';
import { runs } from '../support/runs.ts';
import { checkSound } from './sound.ts';
import { eventsOf, haveRecorded, recordedPath } from './support.ts';

/** As babeltrace2 prints a trace of LTTng. */
const LTTNG = `[1700000000.000001000] host sched_waking: { cpu_id = 1 }, { comm = "a \\"b\\" = c", tid = 12, prio = 20, target_cpu = 0 }
[1700000000.000002000] host sched_switch: { cpu_id = 1 }, { prev_comm = "x", prev_tid = 11, prev_prio = -20, prev_state = 1, next_comm = "y", next_tid = 13, next_prio = 20 }
[1700000000.000003000] host kvm_x86_exit: { cpu_id = 1 }, { exit_reason = 12, guest_rip = 0x1000, isa = 1, info1 = 0x0, info2 = 0x0 }
[1700000000.000004500] host kvm_x86_entry: { cpu_id = 1 }, { vcpu_id = 3 }
[1700000000.000005000] host sched_wakeup: { cpu_id = 0 }, { tid = 4, procname = "p" }, { comm = "y", tid = 13, prio = 20, target_cpu = 1 }
[1700000000.000006000] host timer_hrtimer_start: { cpu_id = 0 }, { hrtimer = 0xFFFF }
`;
/** As it prints a trace that perf has converted. */
const PERF =
  '[979.417057183] kernel sched:sched_wakeup: { perf_ip = 0x0, perf_tid = 7, perf_pid = 7, perf_id = 13, perf_cpu = 2, perf_period = 1, common_type = 61, common_flags = 13, common_preempt_count = 3, common_pid = 7, comm = "perf", pid = 1834, prio = 120, success = 1, target_cpu = 0 }\n';

function read(text: string, size = Infinity): Trace {
  const bytes = new TextEncoder().encode(text);
  const reader = new CtfReader();
  for (let at = 0; at < bytes.length; at += size)
    reader.push(bytes.subarray(at, Math.min(at + size, bytes.length)));
  const result = reader.finish();
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

test('lines of LTTng tell events as the kernel names them, in the thread that was switched to', () => {
  const trace = read(LTTNG);
  expect(eventsOf(trace)).toMatchObject([
    { name: 'sched_waking', time: 0, cpu: 1, tid: -1, fields: { pid: 12, prio: 120, target_cpu: 0 } },
    {
      name: 'sched_switch',
      time: 1000,
      tid: 11,
      fields: { prev_pid: 11, prev_prio: 80, prev_state: 1, next_pid: 13, next_prio: 120 },
    },
    { name: 'kvm_exit', tid: 13, fields: { vcpu_id: -1, exit_reason: 'HLT', guest_rip: 4096 } },
    { name: 'kvm_entry', time: 3500, tid: 13, fields: { vcpu_id: 3 } },
    { name: 'sched_wakeup', cpu: 0, tid: 4, fields: { pid: 13, target_cpu: 1 } },
  ]);
  expect(trace).toMatchObject({ format: 'ctf', cpus: 2, baseNs: 1_700_000_000_000_001_000n, skipped: 0 });
  expect(trace.counts.get('timer_hrtimer_start')).toBe(1);
  expect(trace.tasks.get(12)?.comm).toBe('a "b" = c');
});

test('lines of LTTng tell threads and their groups, and states by their names', () => {
  const at = (n: number, rest: string): string => `[1.00000000${n}] host ${rest}\n`;
  // As babeltrace2 2.0.4 prints enumerations, sequences and texts.
  const state = (is: string): string =>
    `{ prev_comm = "x", prev_tid = 11, prev_prio = 20, prev_state = ${is}, next_comm = "y", next_tid = 13, next_prio = 20 }`;
  const trace = read(
    [
      'sched_process_fork: { cpu_id = 0 }, { parent_comm = "x", parent_tid = 11, parent_pid = 10, parent_ns_inum = 4026531836, child_comm = "x", child_tid = 15, _vtids_length = 1, vtids = [ [0] = 15 ], child_pid = 10, child_ns_inum = 4026531836 }',
      'sched_process_exec: { cpu_id = 0 }, { filename = "/bin/y", tid = 11, old_tid = 12 }',
      `sched_switch: { cpu_id = 0 }, ${state('( "TASK_INTERRUPTIBLE" : container = 1 )')}`,
      `sched_switch: { cpu_id = 0 }, ${state('( "TASK_UNINTERRUPTIBLE", "TASK_NOLOAD" : container = 2 )')}`,
      `sched_switch: { cpu_id = 0 }, ${state('( <unknown> : container = 256 )')}`,
      'sched_wakeup: { cpu_id = 0 }, { comm = "größer}, {", tid = 13, prio = 20, target_cpu = 1 }',
    ]
      .map((rest, n) => at(n, rest))
      .join(''),
    5,
  );
  expect(eventsOf(trace).map(({ fields }) => fields)).toMatchObject([
    { parent_pid: 11, child_pid: 15 },
    { pid: 11, old_pid: 12 },
    { prev_pid: 11, prev_state: 1, next_pid: 13 },
    { prev_state: 2 },
    { prev_state: 256 },
    { pid: 13 },
  ]);
  expect([11, 15].map((tid) => trace.tasks.get(tid)?.tgid)).toEqual([10, 10]);
  expect(trace.tasks.get(13)?.comm).toBe('größer}, {');
});

test('lines that perf has converted tell the thread and the context', () => {
  expect(eventsOf(read(PERF))).toMatchObject([
    { name: 'sched_wakeup', cpu: 2, tid: 7, fields: { pid: 1834, prio: 120, target_cpu: 0 } },
  ]);
  expect(read(PERF).context[0]).toBe(CONTEXT.known | CONTEXT.irqsOff | CONTEXT.needResched | CONTEXT.hardirq);
});

test('lines may come in any pieces, and be damaged anywhere', () => {
  expect(eventsOf(read(LTTNG, 7))).toEqual(eventsOf(read(LTTNG)));
  const bytes = new TextEncoder().encode(LTTNG);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
      const damaged = Uint8Array.from(bytes);
      for (const [at, byte] of changes) damaged[at] = byte;
      const reader = new CtfReader();
      reader.push(damaged);
      checkSound(reader.finish(), Infinity);
    }),
  );
});

test('lines may be made of anything', () => {
  const value = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String),
    fc.nat(300).map(String),
    fc.constantFrom(
      '0xffffffff81000000',
      '"a \\"b\\\\"',
      '"}, {"',
      '( "X", "Y" : container = 2 )',
      '[ [0] = 1 ]',
      '{ x = 1 }',
      '"',
    ),
  );
  const name = fc.constantFrom(
    ...[
      'cpu_id',
      'perf_cpu',
      'perf_tid',
      'common_flags',
      'tid',
      'pid',
      'comm',
      'prio',
      'target_cpu',
      'exit_reason',
    ],
    ...[
      'isa',
      'prev_tid',
      'prev_state',
      'next_tid',
      'next_prio',
      'child_tid',
      'child_pid',
      'parent_tid',
      'parent_pid',
    ],
  );
  const group = fc
    .array(fc.tuple(name, value), { maxLength: 8 })
    .map((pairs) => `{ ${pairs.map(([of, is]) => `${of} = ${is}`).join(', ')} }`);
  const event = fc.constantFrom(
    'sched_switch',
    'sched_process_fork',
    'sched:sched_wakeup',
    'kvm_x86_exit',
    'other',
  );
  const line = fc
    .tuple(
      fc.bigInt({ min: -5n, max: 2n ** 40n }),
      fc.nat(999_999_999),
      event,
      fc.nat(4),
      fc.array(group, { maxLength: 3 }),
    )
    .map(
      ([seconds, nanos, of, cpu, groups]) =>
        `[${seconds}.${String(nanos).padStart(9, '0')}] host ${of}: ${[`{ cpu_id = ${cpu} }`, ...groups].join(', ')}\n`,
    );
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 100 }), (lines, size) => {
      const bytes = new TextEncoder().encode(lines.join(''));
      const reader = new CtfReader();
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      checkSound(reader.finish(), Infinity);
    }),
    { numRuns: runs(300) },
  );
});

describe('a folder with a CTF trace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-ctf-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'metadata'), '/* CTF 1.8 */\n');

  test('needs babeltrace2, and says where that is from', async () => {
    expect(await readCtf(folder, Infinity, 'no-such-command')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('apt install babeltrace2') as string },
    });
  });

  lane(
    'traces',
    'with babeltrace2',
    () => onPath('babeltrace2'),
    () => {
      test('that is damaged is an error that says so', async () => {
        expect(await openTrace(folder)).toMatchObject({
          ok: false,
          error: { message: expect.stringContaining('babeltrace2 broke off') as string },
        });
      });

      test.skipIf(!haveRecorded)('has the events of its text', async () => {
        const tar = execFileSync('zstd', ['-dc', recordedPath('third-party/perf-taskset2.ctf.tar.zst')]);
        execFileSync('tar', ['x', '-C', folder], { input: tar });
        const ctf = await openTrace(join(folder, 'perf-taskset2'));
        const text = await openTrace(recordedPath('third-party/perf-taskset2.ftrace.txt.gz'));
        if (!ctf.ok || !text.ok) throw new Error('neither can be read');
        // The text leaves out sched_stat_runtime, rounds to microseconds, and has only three states.
        const events = eventsOf(ctf.trace).filter(({ name }) => name !== 'sched_stat_runtime');
        const expected = eventsOf(text.trace);
        expect(ctf.trace).toMatchObject({ format: 'ctf', cpus: 4, skipped: 0 });
        const brief = (all: typeof events) =>
          all.map(({ name, cpu, tid, fields }) => [name, cpu, tid, { ...fields, prev_state: 0 }]);
        expect(brief(events)).toEqual(brief(expected));
        const shift = Number(ctf.trace.baseNs - text.trace.baseNs);
        expect(events.every(({ time }, i) => Math.abs(time + shift - expected[i]!.time) <= 500)).toBe(true);
        const begin = await openTrace(join(folder, 'perf-taskset2'), 100);
        if (!begin.ok) throw new Error('its beginning cannot be read');
        expect(begin.more).toBe(true);
        const { length } = begin.trace;
        expect(length).toBeGreaterThan(50);
        expect(eventsOf(begin.trace)).toEqual(eventsOf(ctf.trace).slice(0, length));
      });
    },
  );
});
