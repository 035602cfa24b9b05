import type { Trace } from '../../trace/columns.ts';
import type { Sidecar } from '../../trace/sidecar.ts';
import { boundCpu } from '../tasks.ts';
import type { Extraction } from './extract.ts';
import type { Found } from './found.ts';
import type { CpuSet, DemandTask, Policy } from './types.ts';

/** What is known of the recorded machine. */
export interface Knowledge {
  readonly trace: Trace;
  readonly sidecar: Sidecar | undefined;
  readonly found: Extraction;
  readonly startNs: number;
}

/** Wake-ups past an idle CPU after which a thread that was only ever on one CPU is taken to be bound to it. */
const BOUND_AFTER = 20;
/** Threads of the stop class (kernel/stop_machine.c). */
const STOPPER = /^migration\/\d+$/;

/** What a thread is to the scheduler. */
export function taskOf(
  knowledge: Knowledge,
  found: Found,
): Omit<DemandTask, 'firstBurst' | 'lastBurst' | 'cut' | 'anyOrder' | 'group'> {
  const { trace, sidecar } = knowledge;
  const comm = trace.tasks.get(found.tid)?.comm ?? '';
  const said = sidecar?.threads.find(({ tid }) => tid === found.tid);
  const prio = Number.isNaN(found.firstPrio)
    ? Number.isNaN(found.prio)
      ? 120
      : found.prio
    : found.firstPrio;
  const realTime = prio < 100;
  let policy: Policy = realTime ? 'FIFO' : 'NORMAL';
  if (said?.policy === 'RR' && realTime) policy = 'RR';
  if ((said?.policy === 'BATCH' || said?.policy === 'IDLE') && !realTime) ({ policy } = said);
  if (STOPPER.test(comm)) policy = 'STOP';
  return {
    tid: found.tid,
    comm,
    policy,
    nice: realTime ? 0 : Math.min(19, Math.max(-20, prio - 120)),
    rtPriority: realTime ? Math.min(99, 99 - prio) : 0,
    allowed: allowedOf(knowledge, found, said?.affinity ?? undefined),
    cpu: Math.max(0, found.firstCpu),
  };
}

function allowedOf(
  { trace, sidecar }: Knowledge,
  found: Found,
  affinity: string | undefined,
): CpuSet | undefined {
  const bound = boundCpu(trace, found.tid);
  if (bound !== undefined && bound < trace.cpus) return only(trace.cpus, bound);
  if (affinity !== undefined) return parseCpus(affinity, trace.cpus);
  if (sidecar || found.moved || found.passedIdle < BOUND_AFTER) return undefined;
  return only(trace.cpus, found.cpu);
}

function only(cpus: number, cpu: number): CpuSet {
  const set = new Uint8Array(cpus);
  set[cpu] = 1;
  return set;
}

/** The CPUs of a list like `0-3,8`; undefined where that is all, or none of these. */
export function parseCpus(list: string, cpus: number): CpuSet | undefined {
  const set = new Uint8Array(cpus);
  for (const part of list.split(',')) {
    const [from, to = from] = part.split('-').map(Number);
    for (let cpu = from ?? 0; cpu <= Math.min(to ?? -1, cpus - 1); cpu++) set[cpu] = 1;
  }
  const count = set.reduce((sum, bit) => sum + bit, 0);
  return count === 0 || count === cpus ? undefined : set;
}
