// A replay against this machine's kernel: what the policy decided while it was recorded, and what the replay says.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from '../../server/src/cli/record/recorder.ts';
import { Instance, tracefs } from '../../server/src/cli/record/tracefs.ts';
import { replay } from '../../server/src/simulate/replay.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { policyIn } from '../support/policy.ts';
import { buildPrograms } from './policy.ts';

const POLICY = 'test/qemu/decides.pvpolicy';
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
    const { equal, unequal } = compare(kernel, decisions);
    console.info(`decisions of the kernel: ${kernel.length}, of the replay: ${decisions.length}`);
    console.info(`equal: ${equal}, unequal: ${unequal.length}\n${unequal.slice(0, 5).join('\n')}`);
    expect(equal).toBeGreaterThan(100);
    // A clock that is read a microsecond later can be on the other side of a limit.
    expect(unequal.length).toBeLessThanOrEqual(Math.ceil(equal / 200));
  });
});

/**
 * Pairs each decision of the kernel with the last one of the replay about the same thread that is not later: the clock
 * is read after the event was stamped. Equal are those of one line.
 */
function compare(kernel: readonly Decision[], replayed: readonly Decision[]) {
  const unequal: string[] = [];
  let equal = 0;
  const about = (decisions: readonly Decision[], tid: number): Decision[] =>
    decisions.filter((decision) => decision.tid === tid).toSorted((a, b) => a.at - b.at);
  for (const tid of new Set([...kernel, ...replayed].map((decision) => decision.tid))) {
    const right = about(replayed, tid);
    let next = 0;
    for (const ours of about(kernel, tid)) {
      let pair: Decision | undefined;
      for (; next < right.length && right[next]!.at <= ours.at; next++) {
        if (pair) unequal.push(`line ${pair.line} at ${pair.at}: the replay alone`);
        pair = right[next];
      }
      if (pair?.line === ours.line) equal++;
      else
        unequal.push(
          `line ${ours.line} at ${ours.at}: ${pair ? `line ${pair.line}` : 'nothing'} in the replay`,
        );
    }
    for (const { line, at } of right.slice(next)) unequal.push(`line ${line} at ${at}: the replay alone`);
  }
  return { equal, unequal };
}
