import type { Target } from '../semantics/model.ts';
import { compareVersions, type OutOfTree, type Profile } from './profiles.ts';

/** How an action reaches the kernel. */
export type Delivery =
  /** By the program itself, at once, with the effects of `call`. */
  | { readonly kind: 'inline'; readonly call: string; readonly how: string }
  /** By a store to a field of the task, which only struct_ops programs may do. */
  | { readonly kind: 'write'; readonly field: string; readonly how: string }
  /** By the agent in user space, which the program tells through a ring buffer. */
  | { readonly kind: 'agent'; readonly how: string }
  /** Not at all; `targets` are those that have it. */
  | { readonly kind: 'none'; readonly targets: readonly Target[] };

/**
 * From the hook to the agent's system call, in ns, as measured on 7.3 with CPU hogs beside it: `typical` from and to,
 * and the worst seen, while the agent itself had to compete for a CPU.
 */
export const AGENT_LATENCY = { from: 600_000n, to: 1_700_000n, worst: 32_800_000n };

/** What is shorter than this the agent cannot be relied on for, in ns. */
export const AGENT_DEADLINE = 2_000_000n;

/** System calls and files by which the agent does it. */
const AGENT: Readonly<Record<string, string>> = {
  boost: 'sched_setattr(2) with the class and priority; undone when the time is over or the agent dies',
  unboost: 'sched_setattr(2) with what the thread had before',
  set_nice: 'sched_setattr(2) with the nice value',
  set_weight: 'sched_setattr(2) with the nice value of the nearest weight',
  set_uclamp: 'sched_setattr(2) with the utilization clamps',
  pin: 'sched_setaffinity(2)',
  unpin: 'sched_setaffinity(2) with what the thread had before',
  cap: "cpu.max of the VM's cgroup",
  set_halt_poll: 'halt_poll_ns of KVM, which holds for all VMs',
  core_tag: 'prctl(PR_SCHED_CORE)',
  signal: 'a record in the ring buffer',
};

/**
 * Actions of the sched_ext class itself. `boost` and the rest go to the agent on sched_ext too: what makes a task go
 * first there is the order in which the policy queues it, which no action could change behind the policy's back.
 */
const SCHED_EXT_ONLY = ['kick', 'set_slice'];

/** The first version with scx_bpf_task_set_slice(). */
const SET_SLICE_SINCE = '6.19';

/** How `action` (a name of `ACTIONS`) is delivered for a target on one kernel. */
export function delivery(action: string, target: Target, profile: Profile, outOfTree?: OutOfTree): Delivery {
  const own = outOfTree?.delivers[action];
  if (own !== undefined) return { kind: 'inline', call: own, how: `${own}() of the out-of-tree kernel` };
  if (SCHED_EXT_ONLY.includes(action))
    return target === 'sched_ext' ? inSchedExt(action, profile) : { kind: 'none', targets: ['sched_ext'] };
  const how = AGENT[action];
  return how === undefined ? { kind: 'none', targets: [] } : { kind: 'agent', how };
}

function inSchedExt(action: string, profile: Profile): Delivery {
  if (action === 'kick') return { kind: 'inline', call: 'scx_bpf_kick_cpu', how: 'scx_bpf_kick_cpu()' };
  return compareVersions(profile.version, SET_SLICE_SINCE) >= 0
    ? { kind: 'inline', call: 'scx_bpf_task_set_slice', how: 'scx_bpf_task_set_slice()' }
    : { kind: 'write', field: 'scx.slice', how: 'a store to p->scx.slice' };
}
