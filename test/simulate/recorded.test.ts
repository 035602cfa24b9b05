import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { replay } from '../../server/src/simulate/replay.ts';
import type { ReplayResult } from '../../server/src/simulate/result.ts';
import { policyIn } from '../support/policy.ts';
import { exampleTrace } from '../support/trace.ts';

const NAME = 'eevdf-3vm.trace.gz';
const TEXT = gunzipSync(readFileSync(new URL(`../../examples/traces/${NAME}`, import.meta.url))).toString(
  'latin1',
);

/** How many lines of the recording are the event, and when they happened. */
function recorded(event: string): { count: number; times: ReadonlySet<string> } {
  const lines = TEXT.split('\n').filter((line) => line.includes(` ${event}: `));
  return {
    count: lines.length,
    times: new Set(lines.map((line) => / (\d+\.\d{6}): /.exec(line)?.[1] ?? '')),
  };
}

async function run(path: string): Promise<ReplayResult> {
  const subject = policyIn(path);
  const found = replay(subject, await exampleTrace(NAME), { scenario: subject.model.scenarios[0] });
  if (!found.ok) throw new Error(found.diagnostics.map(({ message }) => message).join('\n'));
  return found.result;
}

describe('a boost policy on a recording of KVM', async () => {
  const found = await run('examples/irq_boost.pvpolicy');

  test('hooks fire as often as the recording has their events', () => {
    const fired = Object.fromEntries(found.hooks.map(({ hook, fired: times }) => [hook, times]));
    expect(fired['tracepoint kvm:kvm_inj_virq']).toBe(recorded('kvm_inj_virq').count);
    expect(fired['pvsched vmexit']).toBe(recorded('kvm_exit').count);
    expect(fired['pvsched halt']).toBeGreaterThan(0);
    expect(fired['pvsched halt']).toBeLessThanOrEqual(TEXT.match(/reason hlt/g)?.length ?? 0);
  });

  test('every decision is at a time of the recording, and the boosts at those of injected interrupts', () => {
    const { times } = recorded('kvm_inj_virq');
    expect(found.decisions.length).toBeGreaterThan(500);
    for (const { action, time } of found.decisions) {
      expect(TEXT).toContain(` ${time}: `);
      if (action === 'boost') expect(times).toContain(time);
    }
  });

  test('boosts and their ends take turns', () => {
    const byThread = new Map<number | null, string>();
    for (const { tid, action } of found.decisions) {
      expect(action).toBe(byThread.get(tid) === 'boost' ? 'unboost' : 'boost');
      byThread.set(tid, action);
    }
  });

  test('every expectation is judged', () => {
    expect(found.expectations.map(({ ok }) => ok)).toEqual([true, true]);
  });
});

test('the same trace and policy give the same bytes', async () => {
  for (const path of ['examples/spin_guard.pvpolicy', 'examples/vm_share.pvpolicy']) {
    expect(JSON.stringify(await run(path))).toBe(JSON.stringify(await run(path)));
  }
});

test('a scheduler places each task that wakes and sees each switch of a task that is not real time', async () => {
  const found = await run('examples/vm_share.pvpolicy');
  const fired = Object.fromEntries(found.hooks.map(({ hook, fired: times }) => [hook, times]));
  const switches = TEXT.split('\n').filter((line) => / sched_switch: /.test(line));
  const ins = switches.filter((line) => {
    const [, pid, prio] = /next_pid=(\d+) next_prio=(\d+)/.exec(line) ?? [];
    return pid !== '0' && Number(prio) >= 100;
  });
  expect(fired['op running']).toBe(ins.length);
  expect(found.expectations.map(({ ok }) => ok)).toEqual([true, true]);
});
