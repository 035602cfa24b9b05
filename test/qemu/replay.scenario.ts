// A replay against this machine's kernel: what the policy decided while it was recorded, and what the replay says.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from '../../server/src/cli/record/recorder.ts';
import { Instance, tracefs } from '../../server/src/cli/record/tracefs.ts';
import { replay } from '../../server/src/simulate/replay.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { gapsIn } from '../../server/src/trace/gaps.ts';
import { fieldReader, kindIndex } from '../../server/src/trace/kinds.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { policyIn } from '../support/policy.ts';
import { buildPrograms } from './policy.ts';

const POLICY = 'test/qemu/decides.pvpolicy';
/** The line of the policy that no clock decides. */
const BY_MEMORY = 33;
/** The threads run while the agent does, and that while it is recorded: so both see all that the policy acts on. */
const SECONDS = { threads: 2, agent: 4, recording: 5 };
const EVENTS = ['sched_switch', 'sched_waking', 'sched_wakeup', 'sched_process_fork', 'sched_process_exit'];
const MB = 1 << 20;

interface Decision {
  /** ns of CLOCK_MONOTONIC. */
  readonly at: number;
  readonly line: number;
  readonly tid: number;
}

const ready = (): string | undefined =>
  process.getuid?.() === 0 &&
  onPath('bpftool') &&
  existsSync('/sys/kernel/btf/vmlinux') &&
  existsSync('/sys/kernel/tracing/instances')
    ? findClang()
    : undefined;

lane('qemu', 'a replay of what this machine decided, which needs root and tracefs', ready, (clang) => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-replay-'));
  const threads = join(folder, 'threads');
  const children: ChildProcess[] = [];
  let agent = '';
  beforeAll(async () => {
    execFileSync('gcc', [
      '-O2',
      '-pthread',
      join(import.meta.dirname, '../reality/threads.c'),
      '-o',
      threads,
    ]);
    const path = join(import.meta.dirname, '../..', POLICY);
    // The agent tells of every request when it was made.
    [agent = ''] = await buildPrograms(path, clang, folder, (c) =>
      c.replace(
        /\tif \(verbose && r->action/,
        '\tfprintf(stderr, "DECISION %llu %u %u\\n", (unsigned long long)r->at, r->line, r->tid);\n$&',
      ),
    );
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    return child;
  };

  it('decides what the kernel decided', async () => {
    const path = join(folder, 'decides.dat');
    const instance = new Instance(tracefs());
    let text = '';
    try {
      instance.write('trace_clock', 'mono');
      instance.write('buffer_size_kb', '8192');
      for (const event of EVENTS) instance.write(`events/sched/${event}/enable`, '1');
      const limits = { seconds: SECONDS.recording, bytes: 64 * MB };
      const recording = record(instance, path, limits, new AbortController().signal);
      const running = start(agent, ['--seconds', String(SECONDS.agent)]);
      running.stderr?.on('data', (part: Buffer) => (text += part.toString()));
      await new Promise((resolve) => setTimeout(resolve, 1000));
      start(threads, [String(SECONDS.threads), '4']);
      await recording;
    } finally {
      instance.remove();
    }
    const kernel = [...text.matchAll(/^DECISION (\d+) (\d+) (\d+)$/gm)].map(([, at, line, tid]) => ({
      at: Number(at),
      line: Number(line),
      tid: Number(tid),
    }));
    const opened = await openTrace(path);
    if (!opened.ok) throw new Error(opened.error.message);
    const replayed = replay(policyIn(POLICY), opened.trace, {});
    if (!replayed.ok) throw new Error(JSON.stringify(replayed.diagnostics));
    const decisions = replayed.result.decisions.map(({ t, line, tid }) => ({ at: t, line, tid: tid ?? 0 }));
    const { equal, unequal, unrecorded } = compare(kernel, decisions, opened.trace);
    console.info(`decisions of the kernel: ${kernel.length}, of the replay: ${decisions.length}`);
    console.info(
      `equal: ${equal}, unequal: ${unequal.length}, after a switch that was not recorded: ${unrecorded}`,
    );
    console.info(unequal.slice(0, 5).join('\n'));
    expect(equal).toBeGreaterThan(100);
    // What is decided by what the policy remembers alone is the same. By the clock: read a microsecond later it can be on
    // the other side of a limit.
    expect(unequal.filter((text) => text.startsWith(`line ${BY_MEMORY} `))).toEqual([]);
    expect(unequal.length).toBeLessThanOrEqual(Math.ceil(equal / 200));
  });
});

/** ns of the trace's clock at which each thread was switched in, ascending, by its id. */
function switchesIn(trace: Trace): ReadonlyMap<number, readonly number[]> {
  const change = kindIndex('sched_switch');
  const next = fieldReader(trace, change, 'next_pid')!;
  const times = new Map<number, number[]>();
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change) continue;
    const at = Number(trace.baseNs) + trace.time[row]!;
    const known = times.get(next(row));
    if (known) known.push(at);
    else times.set(next(row), [at]);
  }
  return times;
}

/**
 * Pairs each decision of the kernel with that of the replay at the same event: the policy decides where a thread is
 * switched in, and reads its clock after the event was stamped. Equal are those of one line. A thread of which the
 * recorder lost a switch is not held against the kernel from there on: the policy saw that switch.
 */
function compare(kernel: readonly Decision[], replayed: readonly Decision[], trace: Trace) {
  const switches = switchesIn(trace);
  const lost = new Map<number, number>();
  for (const { tid, from } of gapsIn(trace))
    lost.set(tid, Math.min(lost.get(tid) ?? Infinity, Number(trace.baseNs) + from));
  const open = new Map(replayed.map((decision) => [`${decision.tid} ${decision.at}`, decision]));
  const unequal: string[] = [];
  let equal = 0;
  let unrecorded = 0;
  const differs = ({ at, line, tid }: Decision, says: string): void => {
    if (at >= (lost.get(tid) ?? Infinity)) unrecorded++;
    else unequal.push(`line ${line} at ${at}: ${says}`);
  };
  for (const decision of kernel) {
    const event = switches.get(decision.tid)?.findLast((time) => time <= decision.at);
    const key = `${decision.tid} ${event}`;
    const pair = open.get(key);
    open.delete(key);
    if (pair?.line === decision.line) equal++;
    else differs(decision, `${pair ? `line ${pair.line}` : 'nothing'} in the replay`);
  }
  for (const decision of open.values()) differs(decision, 'the replay alone');
  return { equal, unequal, unrecorded };
}
