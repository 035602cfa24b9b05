import type { Trace } from '../trace/columns.ts';
import { kindIndex } from '../trace/kinds.ts';
import { finder } from './by-thread.ts';
import { field, has } from './prepass.ts';
import { sorted, sortedOf, summarize, type Sorted, type Summary } from './quantiles.ts';
import { BLOCKED, RUNNABLE, RUNNING, staysRunnable, UNKNOWN, type ThreadState } from './threads.ts';
import type { Machines, Vm } from './vms.ts';

/** Lengths of stretches in ns, of one thread. */
export interface ThreadMetrics {
  readonly tid: number;
  /** From the wake-up of the thread until it runs. */
  readonly wakeup_latency: readonly number[];
  /** Each stretch of waiting for a CPU while runnable. */
  readonly runqueue_delay: readonly number[];
  /** Each stretch of running. */
  readonly run_time: readonly number[];
  /** Each stretch of waiting that began with a preemption while the guest worked. */
  readonly preempted_in_guest: readonly number[];
  /** Switch-ins. */
  readonly switches: number;
  /** Changes of CPU. */
  readonly migrations: number;
  /** What it did when the trace ended, and since when (ns): the stretch that the end cuts off. */
  readonly state: ThreadState;
  readonly since: number;
}

interface Running extends ThreadMetrics {
  readonly tid: number;
  readonly wakeup_latency: number[];
  readonly runqueue_delay: number[];
  readonly run_time: number[];
  readonly preempted_in_guest: number[];
  switches: number;
  migrations: number;
  state: ThreadState;
  since: number;
  /** Is the wait that goes on one after a wake-up? */
  woken: boolean;
  /** Was the last event of KVM an exit for an interrupt of the host? */
  interrupted: boolean;
  /** Is the wait that goes on one that began so? */
  inGuest: boolean;
  cpu: number;
}

/** Exits that the host's own interrupts cause: on AMD, on Intel, and Intel's preemption timer. */
const INTERRUPTED = /^(interrupt|nmi|EXTERNAL_INTERRUPT|EXCEPTION_NMI|PREEMPTION_TIMER)$/;

/**
 * What the recorded schedule did to the threads `tids`. Stretches that began before the trace was complete on all
 * CPUs, and those that its end cuts off, are left out.
 */
export function threadMetrics(trace: Trace, tids: ReadonlySet<number>): ReadonlyMap<number, ThreadMetrics> {
  const threads = new Map([...tids].map((tid) => [tid, newThread(tid)]));
  const [change, waking, wakeup, wakeupNew, migrate, exit, entry] = [
    'sched_switch',
    'sched_waking',
    'sched_wakeup',
    'sched_wakeup_new',
    'sched_migrate_task',
    'kvm_exit',
    'kvm_entry',
  ].map(kindIndex);
  const state = field(trace, 'sched_switch', 'prev_state');
  const reason = field(trace, 'kvm_exit', 'exit_reason');
  const interrupts = trace.strings.map((text) => INTERRUPTED.test(text));
  const migrations = has(trace, 'sched_migrate_task');
  const { length, time, kind, cpu, tid, a, b, partialUntil: from } = trace;
  const threadOf = finder(threads);
  for (let row = 0; row < length; row++) {
    switch (kind[row]) {
      case change: {
        const prev = threadOf(a[row]!);
        if (prev) switchOut(prev, time[row]!, from, staysRunnable(state(row)));
        const next = threadOf(b[row]!);
        if (next) switchIn(next, time[row]!, from, cpu[row]!, migrations);
        break;
      }
      case waking:
      case wakeup:
      case wakeupNew: {
        const thread = threadOf(a[row]!);
        if (thread && (thread.state === BLOCKED || thread.state === UNKNOWN)) {
          become(thread, RUNNABLE, time[row]!);
          thread.woken = true;
          thread.inGuest = false;
        }
        break;
      }
      case migrate: {
        const thread = threadOf(a[row]!);
        if (thread && time[row]! >= from) thread.migrations++;
        break;
      }
      case exit: {
        const thread = threadOf(tid[row]!);
        if (thread) thread.interrupted = interrupts[reason(row)] === true;
        break;
      }
      case entry: {
        const thread = threadOf(tid[row]!);
        if (thread) thread.interrupted = false;
        break;
      }
      default:
    }
  }
  return threads;
}

function newThread(tid: number): Running {
  return {
    tid,
    wakeup_latency: [],
    runqueue_delay: [],
    run_time: [],
    preempted_in_guest: [],
    switches: 0,
    migrations: 0,
    state: UNKNOWN,
    since: 0,
    woken: false,
    interrupted: false,
    inGuest: false,
    cpu: -1,
  };
}

function become(thread: Running, state: ThreadState, t: number): void {
  thread.state = state;
  thread.since = t;
}

function switchOut(thread: Running, t: number, from: number, runnable: boolean): void {
  if (thread.state === RUNNING && thread.since >= from) thread.run_time.push(t - thread.since);
  become(thread, runnable ? RUNNABLE : BLOCKED, t);
  thread.woken = false;
  thread.inGuest = runnable && thread.interrupted;
}

function switchIn(thread: Running, t: number, from: number, cpu: number, migrationsKnown: boolean): void {
  if (thread.state === RUNNABLE && thread.since >= from) {
    const waited = t - thread.since;
    thread.runqueue_delay.push(waited);
    if (thread.woken) thread.wakeup_latency.push(waited);
    if (thread.inGuest) thread.preempted_in_guest.push(waited);
  }
  if (t >= from) {
    thread.switches++;
    if (!migrationsKnown && thread.cpu >= 0 && thread.cpu !== cpu) thread.migrations++;
  }
  thread.cpu = cpu;
  become(thread, RUNNING, t);
}

/** The metrics of a VM: the stretches of all its vCPUs together. Stretches that the trace cannot show are undefined. */
export interface VmMetrics {
  readonly vm: string;
  readonly wakeup_latency: Summary | undefined;
  readonly runqueue_delay: Summary;
  readonly run_time: Summary;
  readonly steal: Summary;
  readonly preempted_in_guest: Summary | undefined;
  readonly switches: number;
  readonly migrations: number;
}

/** Metrics that are made of stretches; `steal` is the waiting of vCPUs, which always have work while runnable. */
export type StretchMetric = 'wakeup_latency' | 'runqueue_delay' | 'run_time' | 'steal' | 'preempted_in_guest';

/** The stretches of one metric, of some threads; undefined where the trace cannot show them. */
export function stretches(
  trace: Trace,
  metrics: ReadonlyMap<number, ThreadMetrics>,
  metric: StretchMetric,
  tids: readonly number[],
): Sorted | undefined {
  if (metric === 'wakeup_latency' && !has(trace, 'sched_waking') && !has(trace, 'sched_wakeup'))
    return undefined;
  if (metric === 'preempted_in_guest' && !has(trace, 'kvm_exit')) return undefined;
  const key = metric === 'steal' ? 'runqueue_delay' : metric;
  return sortedOf(tids.map((tid) => metrics.get(tid)?.[key] ?? []));
}

/** The recorded schedule's metrics of each VM. */
export function vmMetrics(
  trace: Trace,
  metrics: ReadonlyMap<number, ThreadMetrics>,
  { vms }: Machines,
): readonly VmMetrics[] {
  return vms.map((vm) => {
    const tids = threadsOf(vm);
    const summary = (metric: StretchMetric): Summary | undefined => {
      const values = stretches(trace, metrics, metric, tids);
      return values && summarize(values);
    };
    const always = (metric: StretchMetric): Summary => summary(metric) ?? summarize(sorted([]));
    const count = (key: 'switches' | 'migrations'): number =>
      tids.reduce((sum, tid) => sum + (metrics.get(tid)?.[key] ?? 0), 0);
    const waits = always('runqueue_delay');
    return {
      vm: vm.name,
      wakeup_latency: summary('wakeup_latency'),
      runqueue_delay: waits,
      run_time: always('run_time'),
      // A vCPU waits for a CPU just when it is kept from one.
      steal: waits,
      preempted_in_guest: summary('preempted_in_guest'),
      switches: count('switches'),
      migrations: count('migrations'),
    };
  });
}

export const threadsOf = (vm: Vm): readonly number[] => vm.vcpus.map(({ tid }) => tid);
