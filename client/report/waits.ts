import { duration, moment } from '../figures.ts';
import { table, type Cell } from './table.ts';
import { firstAfter, type Lane } from './timeline/lanes.ts';
import type { Schedule } from './timeline/schedule.ts';
import type { Window } from './timeline/window.ts';

const MOST = 10;

interface Wait extends Window {
  readonly lane: Lane;
  readonly slice: number;
}

/** The longest waits of vCPUs in one schedule, and who had their CPU meanwhile. */
export function longestWaits(
  schedule: Schedule,
  unit: number,
  labels: readonly string[],
  show: (window: Window) => void,
): HTMLElement | undefined {
  const worst: Wait[] = [];
  for (const lane of schedule.lanes) {
    for (let slice = 0; slice < lane.from.length; slice++) {
      if (lane.waiting[slice] !== 1) continue;
      const from = (lane.from[slice] ?? 0) * unit;
      const to = (lane.to[slice] ?? 0) * unit;
      const least = worst[worst.length - 1];
      if (worst.length >= MOST && least && to - from <= least.to - least.from) continue;
      const at = worst.findIndex((wait) => wait.to - wait.from < to - from);
      worst.splice(at < 0 ? worst.length : at, 0, { lane, slice, from, to });
      worst.length = Math.min(worst.length, MOST);
    }
  }
  const rows = worst.map((wait): readonly Cell[] => [
    { text: duration(wait.to - wait.from), press: () => show(wait) },
    moment(wait.from, 1000),
    wait.lane.label,
    `CPU ${wait.lane.cpu[wait.slice] ?? 0}`,
    antagonists(schedule, wait, unit, labels),
  ]);
  return table(
    `Longest waits: ${schedule.title}`,
    ['#length', '#from', 'vCPU', 'for', 'who ran there'],
    rows,
  );
}

/** The threads that ran longest on the CPU while the vCPU waited for it. */
function antagonists(
  schedule: Schedule,
  { lane, slice, from, to }: Wait,
  unit: number,
  labels: readonly string[],
): string {
  const cpu = schedule.lanes[lane.cpu[slice] ?? 0];
  if (!cpu) return '';
  const ran = new Map<number, number>();
  for (let i = firstAfter(cpu, from / unit); i < cpu.from.length; i++) {
    const begin = Math.max(from, (cpu.from[i] ?? 0) * unit);
    if (begin >= to) break;
    const thread = cpu.thread[i] ?? 0;
    ran.set(thread, (ran.get(thread) ?? 0) + Math.min(to, (cpu.to[i] ?? 0) * unit) - begin);
  }
  if (ran.size === 0) return 'no thread';
  return [...ran]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([thread, ns]) => `${labels[thread] ?? ''} ${duration(ns)}`)
    .join(', ');
}
