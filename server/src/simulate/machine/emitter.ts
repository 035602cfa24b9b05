import { ColumnBuilder } from '../../trace/column-builder.ts';
import { CONTEXT, type Trace } from '../../trace/columns.ts';
import { KINDS, kindIndex } from '../../trace/kinds.ts';
import { priorityOf } from './task.ts';
import type { Demand, Listener, SimEvent, SimTask } from './types.ts';

const SWITCH = kindIndex('sched_switch');
const MIGRATE = kindIndex('sched_migrate_task');
const WAKES = {
  waking: kindIndex('sched_waking'),
  wakeup: kindIndex('sched_wakeup'),
  new: kindIndex('sched_wakeup_new'),
} as const;
const TASK_CONTEXT = CONTEXT.known | CONTEXT.irqsOff;
const IRQ_CONTEXT = TASK_CONTEXT | CONTEXT.hardirq;

/** Writes the events of the simulated machine into the columns of a trace, and tells them to whoever listens. */
export class Emitter {
  private readonly builder = new ColumnBuilder();
  private readonly counts = new Float64Array(KINDS.length);
  private readonly trace: Trace;
  private readonly listener: Listener | undefined;
  private readonly event: SimEvent = {
    time: NaN,
    kind: 0,
    cpu: 0,
    tid: 0,
    context: 0,
    a: 0,
    b: 0,
    c: 0,
    wide: NaN,
  };

  constructor(trace: Trace, listener: Listener | undefined) {
    this.trace = trace;
    this.listener = listener;
    this.builder.setBase(0, 0);
    // Most schedules have about as many events as the recorded one.
    this.builder.reserve(Math.ceil(1.25 * trace.length));
  }

  /** `next` runs on `cpu` instead of `prev`, which left in `state`; undefined is the idle task. */
  change(
    time: number,
    cpu: number,
    prev: SimTask | undefined,
    state: number,
    next: SimTask | undefined,
  ): void {
    const priorities = (priorityOf(prev) + 1) | ((priorityOf(next) + 1) << 8);
    const c = priorities | (state << 16);
    this.emit(time, SWITCH, cpu, prev?.tid ?? 0, TASK_CONTEXT, prev?.tid ?? 0, next?.tid ?? 0, c, 0);
  }

  wake(
    which: keyof typeof WAKES,
    time: number,
    cpu: number,
    by: number,
    task: SimTask,
    interrupt: boolean,
  ): void {
    const context = interrupt ? IRQ_CONTEXT : TASK_CONTEXT;
    this.emit(time, WAKES[which], cpu, by, context, task.tid, task.cpu, priorityOf(task) + 1, 0);
  }

  migrate(time: number, at: number, by: number, task: SimTask, from: number, to: number): void {
    this.emit(time, MIGRATE, at, by, TASK_CONTEXT, task.tid, from | (to << 16), priorityOf(task) + 1, 0);
  }

  /** Row `row` of the recording happens again, now on `cpu` where `tid` runs. */
  again(time: number, row: number, cpu: number, tid: number): void {
    const { kind, context, a, b, c, wide } = this.trace;
    this.emit(time, kind[row]!, cpu, tid, context[row]!, a[row]!, b[row]!, c[row]!, wide[row]!);
  }

  /** All events so far as a trace; `now` is its end. */
  finish(demand: Demand, now: number): Trace {
    const { trace } = this;
    const columns = this.builder.finish(0);
    const counts = new Map<string, number>();
    this.counts.forEach((count, kind) => count > 0 && counts.set(KINDS[kind]!.name, count));
    return {
      ...columns,
      format: 'simulated',
      clock: trace.clock,
      cpus: demand.cpus,
      baseNs: trace.baseNs,
      durationNs: now,
      strings: trace.strings,
      tasks: trace.tasks,
      cpuStart: new Float64Array(demand.cpus).fill(demand.startNs),
      partialUntil: demand.startNs,
      counts,
      lost: 0,
      skipped: 0,
      notes: [],
    };
  }

  private emit(
    time: number,
    kind: number,
    cpu: number,
    tid: number,
    context: number,
    a: number,
    b: number,
    c: number,
    wide: number,
  ): void {
    const { event } = this;
    event.time = time;
    event.kind = kind;
    event.cpu = cpu;
    event.tid = tid;
    event.context = context;
    event.a = a;
    event.b = b;
    event.c = c;
    event.wide = wide;
    this.builder.append(event);
    this.counts[kind]!++;
    this.listener?.(event);
  }
}
