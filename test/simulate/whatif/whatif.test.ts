import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { snapshot } from '../../../server/src/pipeline.ts';
import { simulateSnapshot } from '../../../server/src/simulation.ts';
import type { Trace } from '../../../server/src/trace/columns.ts';
import { DEFAULTS } from '../../../server/src/workspace/settings.ts';
import { exampleTrace, switched, trace } from '../../support/trace.ts';
import { hogs, modelled, ranIn } from './support.ts';

const FIFO = `policy fifo for sched_ext
  dsq q fifo
  on op enqueue(p, f) { scx_bpf_dsq_insert(p, q, SLICE, f) }
  on op dispatch(c, prev) { scx_bpf_dsq_move_to_local(q) }`;
const THREADS = { threads: [11, 12, 13, 14] };

describe('sched_ext in charge', () => {
  test('a queue in the order of arrival shares the CPUs evenly', () => {
    const { schedules } = modelled(FIFO.replace('SLICE', '5ms'), hogs(4, 400));
    const ran = Object.values(ranIn(schedules.policy, THREADS));
    expect(ran.reduce((a, b) => a + b, 0)).toBeCloseTo(800e6, -8);
    for (const ns of ran) expect(ns / 200e6).toBeCloseTo(1, 1);
  });

  test('virtual time shares them by weight', () => {
    const { schedules } = modelled(
      `policy weighted for sched_ext
       dsq q vtime
       state task { started: instant }
       on op enqueue(p, f) { scx_bpf_dsq_insert_vtime(p, q, 4ms, p.scx.dsq_vtime, f) }
       on op dispatch(c, prev) { scx_bpf_dsq_move_to_local(q) }
       on op running(p) { p.started = now() }
       on op stopping(p, r) {
         let used = now() - p.started
         p.scx.dsq_vtime = p.scx.dsq_vtime + (p.pid == 11 ? used / 3 : used)
       }`,
      hogs(8, 1200),
    );
    const { 11: favoured, ...others } = ranIn(schedules.policy, {
      threads: [11, 12, 13, 14, 15, 16, 17, 18],
    });
    expect(favoured).toBeGreaterThan(1.5 * Math.max(...Object.values(others)));
  });

  test('longer slices mean fewer switches', () => {
    const switches = ['2ms', '20ms'].map(
      (slice) => modelled(FIFO.replace('SLICE', slice), hogs(4, 400)).result.policy.all.switches,
    );
    expect(switches[0]).toBeGreaterThan(2 * switches[1]!);
  });

  test('what the end cuts off is no effect', () => {
    const { effects } = modelled(FIFO.replace('SLICE', '150ms'), hogs(4, 400)).result;
    const work = effects.find(({ metric, of }) => metric === 'run_time.sum' && of === 'all');
    expect(work).toMatchObject({ significant: false });
    // A third turn has begun on both CPUs.
    expect(work!.change).toBeLessThan(-0.1);
    expect(work!.error).toBeGreaterThan(-work!.change!);
  });

  test('an idle CPU is woken for a task that goes to a queue which all CPUs share', () => {
    const over = trace(`
      1.000000 0 t9-9 ${switched(9, 'S', 7)}
      1.000001 1 t8-8 ${switched(8, 'S', 0)}
      1.001000 0 t7-7 sched_waking: comm=t8 pid=8 prio=120 target_cpu=001
      1.001001 0 t7-7 sched_wakeup: comm=t8 pid=8 prio=120 target_cpu=001
      1.001100 1 swapper-0 ${switched(0, 'R', 8)}
      1.002000 1 t8-8 ${switched(8, 'S', 0)}
      1.003000 0 t7-7 ${switched(7, 'S', 0)}
    `);
    const { result } = modelled(FIFO.replace('SLICE', '5ms'), over);
    expect(result.policy.all.wakeup_latency?.max).toBeLessThan(200_000);
  });
});

describe('actions', () => {
  const boosting = (action: string): string => `policy act for tracing
    state { done: bool }
    on tracepoint sched:sched_switch(preempt, prev, next, s) {
      if !done { done = true
        ${action} }
    }`;
  const at = (action: string, delay = { from: 1_000_000, to: 1_000_000 }) =>
    ranIn(modelled(boosting(action), hogs(4, 400), { delay }).schedules.policy, THREADS);

  test('a boost by the agent holds from its delay to its end', () => {
    const ran = at('defer boost(next, FIFO, 5, for: 200ms)');
    expect(Math.max(...Object.values(ran))).toBeGreaterThan(280e6);
  });

  test('a boost whose time is over before the agent acts changes nothing', () => {
    const { schedules } = modelled(boosting('defer boost(next, FIFO, 5, for: 2ms)'), hogs(4, 200), {
      delay: { from: 3_000_000, to: 3_000_000 },
    });
    expect(ranIn(schedules.policy, THREADS)).toEqual(ranIn(schedules.baseline, THREADS));
  });

  test('a nice value is that of the thread from then on', () => {
    const { schedules } = modelled(boosting('defer set_nice(next, -15)'), hogs(4, 200));
    // sched_switch, the first kind, packs the priorities: that of the next thread plus one is in the second byte.
    const prios = (schedule: Trace): Set<number> =>
      new Set([...schedule.c].filter((_, row) => schedule.kind[row] === 0).map((c) => ((c >> 8) & 0xff) - 1));
    expect(prios(schedules.baseline)).not.toContain(105);
    expect(prios(schedules.policy)).toContain(105);
  });

  test('what the model leaves out is said', () => {
    const { result } = modelled(boosting('defer set_uclamp(next, 10%, 50%)'), hogs(4, 100));
    expect(result.run.unknown).toContainEqual({
      what: 'the effect of set_uclamp (the model has no frequencies)',
      taken: 'none',
    });
  });
});

describe('on a recording of real VMs', () => {
  const runs = ['vm_share', 'spin_guard', 'irq_boost'].map(async (name) => {
    const text = readFileSync(new URL(`../../../examples/${name}.pvpolicy`, import.meta.url), 'utf8');
    const current = snapshot(text, DEFAULTS);
    const over = await exampleTrace('eevdf-3vm.trace.gz');
    const run = () =>
      simulateSnapshot(current, over, name, {
        scenario: current.model.scenarios[0],
        params: [],
        mode: 'what-if',
      });
    return { name, run };
  });

  test('two runs give the same bytes, and no policy makes work', async () => {
    for (const one of runs) {
      const { run } = await one;
      const [first, second] = [run(), run()];
      if (!first.ok || !second.ok) throw new Error('it did not run');
      expect(JSON.stringify(second.report)).toBe(JSON.stringify(first.report));
      const { baseline, policy, ...whatif } = first.report.whatif!;
      expect(policy.ejected).toBeNull();
      expect(whatif.run.hooks.some(({ fired }) => fired > 50)).toBe(true);
      const busy = (side: typeof baseline): number => side.busy_ns.reduce((a, b) => a + b, 0);
      // The demand is the same; some of it is left over at the end of either run.
      expect(busy(policy) / busy(baseline)).toBeCloseTo(1, 1);
      expect(first.report.expectations.every(({ ok }) => ok !== null)).toBe(true);
    }
  });
});

describe('expectations', () => {
  const scenario = (expect: string): string => `${FIFO.replace('SLICE', '5ms')}
    scenario s {
      trace "x"
      vm a = pid 11
      ${expect}
    }`;

  test('are held against the model, and against the same figure of the baseline', () => {
    const { expectations, result } = modelled(
      scenario(`expect sum(run_time of a) > 150ms
        expect sum(run_time of a) < 10 * baseline
        expect sum(run_time of a) > 10 * baseline
        expect share(run_time of a) == 100%`),
      hogs(4, 400),
    );
    expect(expectations.map(({ ok }) => ok)).toEqual([true, true, false, true]);
    const ran = result.baseline.metrics.find(({ vm }) => vm === 'a')?.run_time.sum;
    expect(ran).toBeGreaterThan(0);
    expect(expectations.map(({ baseline }) => baseline)).toEqual([null, ran, ran, null]);
  });
});
