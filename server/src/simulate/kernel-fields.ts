import type { KernelField, Value } from '../emit/executor/host.ts';
import { members } from '../emit/executor/masks.ts';
import { zeroValue } from '../emit/executor/store.ts';
import type { IrType } from '../ir/ir.ts';
import { commAt, isIdleTask, looksLikeKthread, pidOf } from './tasks.ts';
import { BLOCKED, DEAD, RUNNABLE, RUNNING, threadOf, type Thread } from './threads.ts';
import { weightOfNice } from './weights.ts';
import { cpuOf, noter, noteUnknown, type World } from './world.ts';

type Load = (object: number) => Value;

/** include/linux/sched.h */
const PF_KTHREAD = 0x200000;
const PF_IDLE = 0x2;
/** Kernel priority of nice 0, and the first that is not real time (include/linux/sched/prio.h). */
const DEFAULT_PRIO = 120;
const MAX_RT_PRIO = 100;

/**
 * The kernel's field `path` of an object of type `root`, as a trace shows it. What a trace does not show reads as
 * zero, or as said in docs/simulation.md, and is noted in `unknown`.
 */
export function kernelField(world: World, root: IrType, path: readonly string[], type: IrType): KernelField {
  const struct = root.kind === 'struct' ? root.name : 'task_struct';
  const load = loader(world, struct, path, type);
  return { load, store: writer(world, struct, path) };
}

function loader(world: World, struct: string, path: readonly string[], type: IrType): Load {
  switch (struct) {
    case 'task_struct':
      return taskField(world, path, type);
    case 'kvm_vcpu':
      return vcpuField(world, path, type);
    case 'kvm':
      return vmField(world, path, type);
    default:
      return unknown(world, `${struct}.${path.join('.')}`, type);
  }
}

/** A field that no trace has: zero, noted when it is read. */
function unknown(world: World, name: string, type: IrType, value: Value = zeroValue(type)): Load {
  const note = noter(world, name, value === undefined ? 'none' : String(value));
  return () => {
    note();
    return value;
  };
}

function taskField(world: World, path: readonly string[], type: IrType): Load {
  const { trace, schedule } = world;
  const [name = '', ...rest] = path;
  const field = `task_struct.${path.join('.')}`;
  const of =
    (read: (thread: Thread) => Value): Load =>
    (tid) =>
      read(threadOf(schedule, tid));
  switch (name) {
    case 'pid':
      return pidOf;
    case 'tgid':
      return (tid) => tgidOf(world, tid);
    case 'comm':
      return (tid) => commAt(trace, tid, world.moment.t);
    case 'prio':
    case 'normal_prio':
      return of((thread) => prioOf(world, thread));
    case 'static_prio':
      // A real-time thread's nice is not shown by its priority.
      return of((thread) => {
        const prio = prioOf(world, thread);
        return prio >= MAX_RT_PRIO ? prio : DEFAULT_PRIO;
      });
    case 'rt_priority':
      return of((thread) => Math.max(0, MAX_RT_PRIO - 1 - prioOf(world, thread)));
    case 'flags':
      return of((thread) => {
        noteUnknown(world, `${field} beyond PF_KTHREAD and PF_IDLE`, '0');
        const kthread = looksLikeKthread(trace, thread.tid, thread.parent) ? PF_KTHREAD : 0;
        return kthread | (isIdleTask(thread.tid) ? PF_IDLE : 0);
      });
    case '__state':
      return of((thread) => (thread.state === BLOCKED ? 1 : thread.state === DEAD ? 0x80 : 0));
    case 'on_cpu':
      return of((thread) => Number(thread.state === RUNNING));
    case 'on_rq':
      return of((thread) => Number(thread.state === RUNNING || thread.state === RUNNABLE));
    case 'nr_cpus_allowed':
      return (tid) => {
        noteAffinity(world);
        return members(world.allowed(tid)).length;
      };
    case 'cpus_ptr':
      return (tid) => {
        noteAffinity(world);
        return world.allowed(tid);
      };
    case 'recent_used_cpu':
    case 'wake_cpu':
      return (tid) => {
        noteUnknown(world, field, 'the CPU where it ran last');
        return cpuOf(world, tid);
      };
    case 'group_leader':
      return rest.length > 0
        ? chain(taskField(world, rest, type), (tid) => tgidOf(world, tid))
        : (tid) => tgidOf(world, tid);
    case 'real_parent':
      return chain(rest.length > 0 ? taskField(world, rest, type) : (tid) => tid, (tid) => {
        const { parent } = threadOf(schedule, tid);
        if (parent < 0) noteUnknown(world, field, 'thread 0');
        return Math.max(0, parent);
      });
    case 'mm':
      return (tid) =>
        looksLikeKthread(trace, tid, threadOf(schedule, tid).parent) ? undefined : tgidOf(world, tid);
    case 'start_time':
      return of((thread) => {
        if (thread.born >= 0) return thread.born;
        noteUnknown(world, field, '0 for threads older than the trace');
        return 0;
      });
    case 'scx':
      return scxField(world, rest[0] ?? '', type);
    case 'se':
      if (rest[0] !== 'sum_exec_runtime') return unknown(world, field, type);
      return of((thread) => {
        noteUnknown(world, field, 'the time that it ran since the trace began');
        return thread.ran + (thread.state === RUNNING ? world.moment.t - thread.since : 0);
      });
    default:
      return unknown(world, field, type);
  }
}

const chain =
  (outer: Load, inner: (object: number) => number): Load =>
  (object) =>
    outer(inner(object));

function noteAffinity(world: World): void {
  noteUnknown(world, 'affinity of threads', 'every CPU, or the one in the name of a bound kernel thread');
}

/** Thread group id: from the trace, else of the VM that the thread is a vCPU of, else its own id. */
export function tgidOf(world: World, tid: number): number {
  const known = world.trace.tasks.get(tid)?.tgid;
  if (known !== undefined) return known;
  const vm = world.machines.vmOf.get(tid);
  const inVm = vm === undefined ? undefined : world.machines.vms[vm]?.id;
  if (inVm !== undefined) return inVm;
  if (isIdleTask(tid)) return 0;
  noteUnknown(world, 'thread groups', 'each thread as a process of its own');
  return tid;
}

function prioOf(world: World, thread: Thread): number {
  if (thread.prio >= -1) return thread.prio;
  noteUnknown(world, 'priority of threads not seen yet', `${DEFAULT_PRIO} (nice 0)`);
  return DEFAULT_PRIO;
}

function scxField(world: World, name: string, type: IrType): Load {
  const { schedule } = world;
  switch (name) {
    case 'slice':
      return (tid) => threadOf(schedule, tid).slice;
    case 'dsq_vtime':
      return (tid) => threadOf(schedule, tid).vtime;
    case 'weight':
      return (tid) => weightOfNice(prioOf(world, threadOf(schedule, tid)) - DEFAULT_PRIO);
    default:
      return unknown(world, `task_struct.scx.${name}`, type);
  }
}

function vcpuField(world: World, path: readonly string[], type: IrType): Load {
  const { machines, schedule } = world;
  const [name = '', ...rest] = path;
  switch (name) {
    case 'vcpu_id':
    case 'vcpu_idx':
      return (tid) => machines.vcpuOf.get(tid)?.id ?? 0;
    case 'cpu':
      return (tid) => cpuOf(world, tid);
    case 'preempted':
    case 'ready':
      // Set by kvm_sched_out where the thread is still runnable (virt/kvm/kvm_main.c).
      return (tid) => threadOf(schedule, tid).state === RUNNABLE;
    case 'kvm':
      return rest.length > 0
        ? chain(vmField(world, rest, type), (tid) => machines.vmOf.get(tid) ?? -1)
        : (tid) => machines.vmOf.get(tid) ?? -1;
    default:
      return unknown(world, `kvm_vcpu.${path.join('.')}`, type);
  }
}

function vmField(world: World, path: readonly string[], type: IrType): Load {
  const { vms } = world.machines;
  switch (path[0]) {
    case 'created_vcpus':
      return (vm) => vms[vm]?.vcpus.length ?? 0;
    case 'userspace_pid':
      return (vm) => vms[vm]?.id ?? 0;
    default:
      return unknown(world, `kvm.${path.join('.')}`, type);
  }
}

/** Fields that a program may write: of sched_ext, kept beside the recorded schedule. */
function writer(world: World, struct: string, path: readonly string[]): KernelField['store'] {
  const { schedule } = world;
  const name = struct === 'task_struct' && path[0] === 'scx' ? path[1] : undefined;
  switch (name) {
    case 'slice':
      return (tid, value) => {
        threadOf(schedule, tid).slice = number(value);
      };
    case 'dsq_vtime':
      return (tid, value) => {
        threadOf(schedule, tid).vtime = number(value);
      };
    default:
      // `disallow` has no effect on a schedule that is already recorded.
      return () => undefined;
  }
}

const number = (value: Value): number | bigint =>
  typeof value === 'number' || typeof value === 'bigint' ? value : 0;
