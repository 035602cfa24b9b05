import callRows from './data/calls.json' with { type: 'json' };
import constantRows from './data/constants.json' with { type: 'json' };
import hookRows from './data/hooks.json' with { type: 'json' };
import structRows from './data/structs.json' with { type: 'json' };

/**
 * What is known of Linux: hooks with their contexts, calls with their effects, struct fields and constants. Read from
 * the sources of 6.12.107, 7.2.12 and 7.3.4, from the BTF of those and of 6.13, 6.16, 6.18 and 7.0, and from
 * programs loaded into 6.18 and 7.3; each row says which. What was not read is absent here and counts as unknown.
 */

/** What a call may do to the scheduler, or needs from its surroundings. */
export type Effect =
  | 'acquires_rq_lock'
  | 'acquires_pi_lock'
  | 'acquires_dsq_lock'
  | 'wakes_task_synchronously'
  | 'queues_work_synchronously'
  | 'starts_timer_synchronously'
  | 'may_sleep'
  | 'requires_irqs_enabled'
  | 'not_nmi_safe';

/**
 * Versions that have a row. Absent `since`: older than every supported kernel. `since` is the first version known to
 * have it, `maybe` the first that may have it: between the two nobody looked. `until` is the last version.
 */
export interface Life {
  readonly since?: string;
  readonly maybe?: string;
  readonly until?: string;
  /** The only profile that has it. */
  readonly only?: string;
}

export type HookRowFamily = 'tracepoint' | 'op' | 'pvsched';

/** `[name, C type, more]`; `null`: 'module' where only the verifier asks for the test (a tracepoint of a module). */
export type ArgRow = readonly [
  string,
  string,
  { readonly null?: 'yes' | 'module'; readonly since?: string }?,
];

export interface HookRow extends Life {
  readonly name: string;
  readonly family: HookRowFamily;
  readonly system?: string;
  readonly params: readonly ArgRow[];
  /** C type of the result of an op. */
  readonly ret?: string;
  /** Held at every call site; `mayHold`: at some. */
  readonly locks?: readonly string[];
  readonly mayHold?: readonly string[];
  readonly irqs: string;
  /** At the call site. Up to 6.12 a tracepoint's program runs with preemption off whatever the site does. */
  readonly preempt: string;
  /** Words of 'task softirq hardirq nmi'. */
  readonly contexts: string;
  /** The version from which a sleepable program may attach. */
  readonly sleeps?: string;
  /** Of an op: kfunc groups that the 7.3 filter allows besides any, idle and cid. */
  readonly groups?: readonly string[];
  /** Of an op: only schedulers that name CPUs by cids (struct sched_ext_ops_cid) have it, in the place of `instead`. */
  readonly form?: 'cid';
  readonly instead?: string;
  /** Is `current` the vCPU thread: 'yes', 'no', 'sometimes'. */
  readonly vcpu: string;
  readonly vcpuNote?: string;
  /** Effects that must not happen here. */
  readonly forbids?: readonly Effect[];
  /** When it fires. */
  readonly doc?: string;
  /** file:function of the call sites. */
  readonly sites: readonly string[];
  readonly note?: string;
  readonly confidence: string;
  /** No tracefs event: attach by BTF name only. */
  readonly bare?: boolean;
  readonly module?: string;
}

/** Which sched_ext ops may call a kfunc. */
export interface ScxRow {
  /** Groups that the 7.3 load-time filter puts it in; an op allows some groups. */
  readonly groups?: readonly string[];
  readonly tracing?: boolean;
  readonly syscall?: boolean;
  readonly sleepable?: boolean;
  /** Ops allowed by the run-time mask of 6.12; 'all', or 'rq-locked' for those that hold the rq lock. */
  readonly ops612?: string | readonly string[];
  readonly tracing612?: boolean;
  readonly syscall612?: boolean;
  /** From this version on the groups of 7.3 are known to hold; else from 7.1. */
  readonly newSince?: string;
}

export interface CallRow extends Life {
  readonly name: string;
  /** 'internal': a kernel function that no program can call; here for its effects. */
  readonly class: 'kfunc' | 'helper' | 'internal';
  readonly signature: string;
  readonly flags?: readonly string[];
  readonly sets?: readonly string[];
  readonly progs?: readonly string[];
  readonly acquires?: readonly string[];
  /** In all versions; or `effects612` and `effects73` where they differ. */
  readonly effects?: readonly string[];
  readonly effects612?: readonly string[];
  readonly effects73?: readonly string[];
  /** Nobody read what it does inside. */
  readonly unknown?: boolean;
  readonly defers?: string;
  readonly nmi?: 'no' | 'unknown';
  readonly requires?: readonly string[];
  /** Tracepoints that it triggers. */
  readonly fires?: readonly string[];
  /**
   * Of calls that policies may make: where the kernel's source shows that it changes nothing. A reference that it takes is given
   * back. `false`: it changes something, or nobody has read it.
   */
  readonly asks?: string | false;
  /** It ends the scheduler for a CPU, queue, node or task that it does not take. */
  readonly ends?: boolean;
  readonly scx?: ScxRow;
  readonly note?: string;
  readonly confidence: string;
  /** That defines it or, of a kfunc, registers its set; every row of the catalogue has it. */
  readonly file?: string;
  /** Of the prototype. */
  readonly source: string;
  readonly replacedBy?: string;
  /** What it does, for policies. */
  readonly doc?: string;
}

export interface FieldRow extends Life {
  readonly name: string;
  /** C type. */
  readonly c: string;
  /** The policy's type in words, see `types-of.ts`. */
  readonly type: string;
  readonly doc: string;
  readonly writable?: boolean;
  /** Present only where the kernel is configured so. */
  readonly config?: string;
  /**
   * A time of CLOCK_MONOTONIC, or for a timer of the clock that most have: task_struct.start_time is ktime_get_ns() (kernel/fork.c:
   * copy_process()), scx_dump_ctx.at_ns too (kernel/sched/ext.c: scx_dump_state()), and KVM's timers for guests run on it
   * (arch/x86/kvm/lapic.c: kvm_create_lapic()).
   */
  readonly clock?: 'monotonic';
  /** Kernels whose BTF was seen to have it. */
  readonly seen: string;
}

export interface ConstantRow extends Life {
  readonly name: string;
  readonly enum?: string;
  readonly type: string;
  readonly doc: string;
  /** Hexadecimal; absent where the versions differ. */
  readonly value?: string;
  readonly source: string;
}

// TypeScript reads a JSON module as a union of all its literal rows; the tests hold the rows against these types.
export const HOOKS = hookRows as unknown as readonly HookRow[];
export const CALLS = callRows as unknown as readonly CallRow[];
export const STRUCTS = structRows as unknown as Readonly<Record<string, readonly FieldRow[]>>;
export const CONSTANTS = constantRows as unknown as readonly ConstantRow[];

/** The ops of the form to which policies are compiled. */
export const OPS: readonly HookRow[] = HOOKS.filter(
  ({ family, form }) => family === 'op' && form === undefined,
);

const hooksByName = new Map(HOOKS.map((row) => [`${row.family} ${row.name}`, row]));
const callsByName = new Map(CALLS.map((row) => [row.name, row]));

/** The row of a hook by its kernel name, or undefined. */
export const hookRow = (family: HookRowFamily, name: string): HookRow | undefined =>
  hooksByName.get(`${family} ${name}`);

/** The row of a kfunc, helper or kernel function by its exact kernel name, or undefined. */
export const callRow = (name: string): CallRow | undefined => callsByName.get(name);
