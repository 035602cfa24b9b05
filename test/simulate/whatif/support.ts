import { prepare } from '../../../server/src/simulate/replay.ts';
import {
  DEFAULT_DELAY,
  DEFAULT_WATCHDOG,
  whatIf,
  type WhatIf,
  type WhatIfOptions,
} from '../../../server/src/simulate/whatif/whatif.ts';
import type { Trace } from '../../../server/src/trace/columns.ts';
import { policy } from '../../support/policy.ts';
import { switched, trace } from '../../support/trace.ts';

/** What would have come of `over` under the policy `text`. */
export function modelled(text: string, over: Trace, options: Partial<WhatIfOptions> = {}): WhatIf {
  const subject = policy(text);
  const preparation = prepare(subject, over, { scenario: subject.model.scenarios[0], mostDecisions: 1000 });
  if (!preparation.ok) throw new Error(preparation.diagnostics.map(({ message }) => message).join('\n'));
  return whatIf(preparation.prepared, {
    baselines: [{ kind: 'eevdf' }],
    inline: new Set(['kick', 'set_slice']),
    delay: DEFAULT_DELAY,
    watchdog: DEFAULT_WATCHDOG,
    sidecar: undefined,
    mostDecisions: 1000,
    progress: () => undefined,
    ...options,
  });
}

const clock = (us: number): string => (1 + us / 1e6).toFixed(6);

/**
 * `count` threads from 11 on that always have work, on two CPUs for `ms`: the even ones share CPU 0, the odd ones
 * CPU 1, 4 ms each in turn.
 */
export function hogs(count: number, ms: number): Trace {
  const lines: string[] = [];
  for (const cpu of [0, 1]) {
    const own = Array.from({ length: count }, (_, i) => 11 + i).filter((tid) => tid % 2 === cpu);
    lines.push(`${clock(cpu)} ${cpu} swapper-0 ${switched(0, 'R', own[0] ?? 0)}`);
    for (let turn = 1; turn * 4 < ms; turn++) {
      const [from, to] = [own[(turn - 1) % own.length]!, own[turn % own.length]!];
      if (from !== to)
        lines.push(`${clock(turn * 4000 + cpu)} ${cpu} t${from}-${from} ${switched(from, 'R', to)}`);
    }
    const last = own[(Math.ceil(ms / 4) - 1) % own.length]!;
    lines.push(`${clock(ms * 1000 + cpu)} ${cpu} t${last}-${last} ${switched(last, 'R', last)}`);
  }
  return trace(lines.toSorted().join('\n'));
}

/** ns that each thread ran, by thread. */
export function ranIn(schedule: Trace, { threads }: { threads: readonly number[] }): Record<number, number> {
  const ran: Record<number, number> = Object.fromEntries(threads.map((tid) => [tid, 0]));
  const since = new Map<number, { tid: number; t: number }>();
  for (let row = 0; row < schedule.length; row++) {
    // sched_switch is the first kind: `a` leaves the CPU, `b` comes.
    if (schedule.kind[row] !== 0) continue;
    const [cpu, t] = [schedule.cpu[row]!, schedule.time[row]!];
    const before = since.get(cpu);
    if (before && before.tid in ran) ran[before.tid] = ran[before.tid]! + t - before.t;
    since.set(cpu, { tid: schedule.b[row]!, t });
  }
  for (const { tid, t } of since.values()) if (tid in ran) ran[tid] = ran[tid]! + schedule.durationNs - t;
  return ran;
}
