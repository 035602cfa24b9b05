import type { Trace } from '../trace/columns.ts';
import { grown } from '../trace/grown.ts';
import { kindIndex } from '../trace/kinds.ts';
import { field } from './prepass.ts';
import { threadLabel } from './tasks.ts';
import { staysRunnable } from './threads.ts';
import type { Machines } from './vms.ts';

/** What a slice of a timeline shows of its thread. */
export const SLICE = { running: 0, waiting: 1 } as const;

/**
 * A schedule as a picture needs it: who ran where, and when the vCPUs waited for a CPU. Plain data: columns are typed
 * arrays in base64, little endian. Slices are in the order of their ends; no two running ones of a CPU overlap.
 */
export interface Timeline {
  readonly cpus: number;
  /** Time 0 of the slices on the trace's clock, in ns; rounded where that is beyond 2^53. */
  readonly base: number;
  /** ns a tick of `from` and `to`: 1, or more where the trace is longer than 32 bits of ns. */
  readonly unit: number;
  /** In ticks. */
  readonly length: number;
  readonly threads: readonly TimelineThread[];
  readonly count: number;
  /** Uint32 each: begin and end, in ticks. */
  readonly from: string;
  readonly to: string;
  /** Uint16: where it ran; for a waiting slice where it ran next. */
  readonly cpu: string;
  /** Uint32: index into `threads`, times two, plus one of SLICE. */
  readonly what: string;
}

export interface TimelineThread {
  readonly tid: number;
  readonly label: string;
  /** Index of the VM whose vCPU it is, and its name; null for other threads. */
  readonly vm: { readonly index: number; readonly name: string; readonly vcpu: number } | null;
}

/** The timeline of a schedule, recorded or simulated. Waiting is shown of vCPUs only. */
export function timelineOf(trace: Trace, machines: Machines): Timeline {
  const unit = Math.max(1, Math.ceil(trace.durationNs / 0xffff_ffff));
  const threads = new Threads(trace, machines);
  const slices = new Slices(trace.length + trace.cpus, unit);
  const [change, waking, wakeup, wakeupNew] = [
    'sched_switch',
    'sched_waking',
    'sched_wakeup',
    'sched_wakeup_new',
  ].map(kindIndex);
  const prev = field(trace, 'sched_switch', 'prev_pid');
  const next = field(trace, 'sched_switch', 'next_pid');
  const state = field(trace, 'sched_switch', 'prev_state');
  const pid = field(trace, 'sched_wakeup', 'pid');
  const current = new Int32Array(trace.cpus).fill(-1);
  const since = new Float64Array(trace.cpus);
  /** Since when each vCPU has waited. */
  const waiting = new Map<number, number>();
  const running = new Set<number>();
  for (let row = 0; row < trace.length; row++) {
    const kind = trace.kind[row];
    const t = trace.time[row] ?? 0;
    if (kind === change) {
      const cpu = trace.cpu[row] ?? 0;
      const out = prev(row);
      const into = next(row);
      if (out > 0 && current[cpu] === out)
        slices.add(since[cpu] ?? 0, t, cpu, threads.indexOf(out) * 2 + SLICE.running);
      if (machines.vmOf.has(out)) {
        running.delete(out);
        if (staysRunnable(state(row))) waiting.set(out, t);
      }
      const from = waiting.get(into);
      if (from !== undefined) slices.add(from, t, cpu, threads.indexOf(into) * 2 + SLICE.waiting);
      waiting.delete(into);
      if (machines.vmOf.has(into)) running.add(into);
      current[cpu] = into;
      since[cpu] = t;
    } else if (kind === waking || kind === wakeup || kind === wakeupNew) {
      const tid = pid(row);
      if (machines.vmOf.has(tid) && !running.has(tid) && !waiting.has(tid)) waiting.set(tid, t);
    }
  }
  const end = trace.time[trace.length - 1] ?? 0;
  for (let cpu = 0; cpu < trace.cpus; cpu++) {
    const tid = current[cpu] ?? -1;
    if (tid > 0) slices.add(since[cpu] ?? 0, end, cpu, threads.indexOf(tid) * 2 + SLICE.running);
  }
  return {
    cpus: trace.cpus,
    base: Number(trace.baseNs),
    unit,
    length: Math.ceil(end / unit),
    threads: threads.all,
    ...slices.packed(),
  };
}

/** The threads in the order in which they are first seen. */
class Threads {
  readonly all: TimelineThread[] = [];
  private readonly indices = new Map<number, number>();
  private readonly trace: Trace;
  private readonly machines: Machines;

  constructor(trace: Trace, machines: Machines) {
    this.trace = trace;
    this.machines = machines;
  }

  indexOf(tid: number): number {
    const known = this.indices.get(tid);
    if (known !== undefined) return known;
    const vm = this.machines.vmOf.get(tid);
    const vcpu = this.machines.vcpuOf.get(tid);
    const machine = vm === undefined ? undefined : this.machines.vms[vm];
    const index = this.all.length;
    this.indices.set(tid, index);
    this.all.push({
      tid,
      label: threadLabel(this.trace, tid),
      vm: vm !== undefined && machine && vcpu ? { index: vm, name: machine.name, vcpu: vcpu.id } : null,
    });
    return index;
  }
}

/** Columns that grow; the capacity is at least one slice a row and one a CPU, and doubles beyond. */
class Slices {
  private count = 0;
  private from: Uint32Array;
  private to: Uint32Array;
  private what: Uint32Array;
  private cpu: Uint16Array;
  private readonly unit: number;

  constructor(capacity: number, unit: number) {
    this.unit = unit;
    this.from = new Uint32Array(capacity);
    this.to = new Uint32Array(capacity);
    this.what = new Uint32Array(capacity);
    this.cpu = new Uint16Array(capacity);
  }

  add(from: number, to: number, cpu: number, what: number): void {
    const at = this.count++;
    if (at === this.from.length) this.grow();
    this.from[at] = Math.floor(from / this.unit);
    this.to[at] = Math.floor(to / this.unit);
    this.cpu[at] = cpu;
    this.what[at] = what;
  }

  packed(): Pick<Timeline, 'count' | 'from' | 'to' | 'cpu' | 'what'> {
    const { count } = this;
    return {
      count,
      from: base64(this.from.subarray(0, count)),
      to: base64(this.to.subarray(0, count)),
      cpu: base64(this.cpu.subarray(0, count)),
      what: base64(this.what.subarray(0, count)),
    };
  }

  private grow(): void {
    const size = 2 * this.from.length;
    this.from = grown(this.from, size);
    this.to = grown(this.to, size);
    this.what = grown(this.what, size);
    this.cpu = grown(this.cpu, size);
  }
}

/** In pieces: a function takes only so many arguments. */
function base64(column: Uint32Array | Uint16Array): string {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
