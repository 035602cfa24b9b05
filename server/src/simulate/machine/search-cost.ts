import type { Trace } from '../../trace/columns.ts';
import { kindIndex } from '../../trace/kinds.ts';
import { threadsEnd } from '../by-thread.ts';
import { staysRunnable } from '../threads.ts';
import { AverageIdle, MIGRATION_COST_NS } from './classes/average-idle.ts';

/** Chances that it takes to tell how many are taken. */
const ENOUGH = 20;
/** The costs that are tried: ns of the first one, and how many times that the next one is. */
const COSTS = { from: 10_000, step: 1.2 } as const;

/** What a CPU did: it idled for so long, or ran dry while a task waited elsewhere that it could have, and took one or not. */
type Step =
  { readonly cpu: number; readonly idledNs: number } | { readonly cpu: number; readonly taken: boolean };

/**
 * What a search for work costs a CPU that runs dry, ns, which no event tells. A CPU leaves it where it idles for less than
 * that on average (sched_balance_newidle), so the cost is taken at which as many of the recorded chances pass as were taken;
 * Infinity where none was, 0 where too few are seen.
 */
export function searchCostOf(trace: Trace): number {
  if (trace.cpus < 2) return 0;
  const steps = observe(trace);
  const chances = steps.filter((step) => 'taken' in step);
  if (chances.length < ENOUGH) return 0;
  const taken = chances.filter((step) => step.taken).length;
  if (taken === 0) return Infinity;
  let cost = 0;
  for (let next: number = COSTS.from; passing(steps, trace.cpus, cost) > taken; next *= COSTS.step)
    cost = next;
  return Math.round(cost);
}

/** How many chances pass where a search costs `cost`. */
function passing(steps: readonly Step[], cpus: number, cost: number): number {
  const average = new AverageIdle(cpus, cost);
  let count = 0;
  for (const step of steps) {
    if ('idledNs' in step) average.idled(step.cpu, step.idledNs);
    else if (average.of(step.cpu) >= cost) count++;
  }
  return count;
}

function observe(trace: Trace): readonly Step[] {
  const kinds = ['sched_switch', 'sched_waking', 'sched_wakeup', 'sched_wakeup_new', 'sched_migrate_task'];
  const [change, waking, wakeup, wakeupNew, migrate] = kinds.map(kindIndex);
  const seen = new Observer(trace);
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    if (kind === change) seen.change(row);
    else if (kind === waking) seen.wakings[trace.a[row]!] = 1;
    else if (kind === wakeup || kind === wakeupNew) seen.wakeup(row);
    if (kind === migrate) seen.migrate(row);
    else seen.took[trace.cpu[row]!] = 0;
  }
  return seen.steps;
}

/** Who waits where, as the rows tell. */
class Observer {
  readonly steps: Step[] = [];
  /** By thread: is it being woken (1)? */
  readonly wakings: Uint8Array;
  private readonly trace: Trace;
  private readonly movable: Uint8Array;
  private readonly current: Int32Array;
  private readonly idleSince: Float64Array;
  /** By CPU: the last that it did was to take a task (1). */
  readonly took: Uint8Array;
  private readonly waiting = new Map<number, { cpu: number; readonly ranAt: number }>();
  private readonly ranAt: Float64Array;

  constructor(trace: Trace) {
    this.trace = trace;
    const end = threadsEnd(trace);
    this.wakings = new Uint8Array(end);
    this.ranAt = new Float64Array(end).fill(-Infinity);
    this.movable = movable(trace, end);
    this.current = new Int32Array(trace.cpus).fill(-1);
    this.took = new Uint8Array(trace.cpus);
    this.idleSince = new Float64Array(trace.cpus).fill(NaN);
  }

  migrate(row: number): void {
    const { trace } = this;
    const found = this.waiting.get(trace.a[row]!);
    if (!found || this.wakings[trace.a[row]!] === 1) return;
    found.cpu = (trace.b[row]! >>> 16) & 0x7fff;
    if (found.cpu === trace.cpu[row]) this.took[found.cpu] = 1;
  }

  wakeup(row: number): void {
    const { trace } = this;
    const tid = trace.a[row]!;
    const target = trace.b[row]!;
    this.wakings[tid] = 0;
    if (target >= trace.cpus || this.current[target] === tid) return;
    this.idled(target, trace.time[row]!);
    if (!this.waiting.has(tid)) this.waiting.set(tid, { cpu: target, ranAt: this.ranAt[tid]! });
  }

  change(row: number): void {
    const { trace } = this;
    const [cpu, now, tid, next] = [trace.cpu[row]!, trace.time[row]!, trace.a[row]!, trace.b[row]!];
    const queued = staysRunnable((trace.c[row]! >>> 16) & 0x7fff);
    this.waiting.delete(next);
    if (tid > 0 && queued) this.waiting.set(tid, { cpu, ranAt: now });
    this.ranAt[tid] = now;
    const taken = next > 0 && this.took[cpu] === 1;
    if (tid > 0 && !queued && (next === 0 || taken)) this.runsDry(cpu, now, taken);
    if (next === 0) this.idleSince[cpu] = now;
    else this.idled(cpu, now);
    this.current[cpu] = next;
  }

  private idled(cpu: number, now: number): void {
    if (Number.isNaN(this.idleSince[cpu]!)) return;
    this.steps.push({ cpu, idledNs: now - this.idleSince[cpu]! });
    this.idleSince[cpu] = NaN;
  }

  private runsDry(cpu: number, now: number, taken: boolean): void {
    if (taken || this.chanceFor(cpu, now)) this.steps.push({ cpu, taken });
  }

  /** May a task that waits elsewhere move, and is it not hot in its cache? */
  private chanceFor(cpu: number, now: number): boolean {
    for (const [tid, { cpu: where, ranAt }] of this.waiting)
      if (where !== cpu && now - ranAt >= MIGRATION_COST_NS && this.movable[tid] === 1) return true;
    return false;
  }
}

/** By thread, up to `end`: did it run on more than one CPU (1)? */
function movable(trace: Trace, end: number): Uint8Array {
  const change = kindIndex('sched_switch');
  const first = new Int32Array(end).fill(-1);
  const found = new Uint8Array(end);
  for (let row = 0; row < trace.length; row++) {
    if (trace.kind[row] !== change) continue;
    const tid = trace.b[row]!;
    if (first[tid]! < 0) first[tid] = trace.cpu[row]!;
    else if (first[tid] !== trace.cpu[row]) found[tid] = 1;
  }
  return found;
}
