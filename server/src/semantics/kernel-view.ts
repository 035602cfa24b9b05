import type { Type } from './types.ts';

/**
 * What the language needs to know of a kernel: which hooks, calls, struct fields and constants there are, with their
 * types. `kernel/` implements it from the catalogue for one or several kernel versions at once. Safety facts (locks,
 * effects) are not here; `safety/` asks the catalogue for those.
 */
export interface KernelView {
  /** How messages name the kernels at hand: '7.3', '6.12 to 7.3', 'pvsched-rfc-v2'. */
  readonly label: string;
  /** The hook, if any supported kernel has it; `safety/` reports the kernels at hand that lack it. */
  hook(family: HookFamily, name: string): HookInfo | undefined;
  /** What at least one of the kernels at hand has. */
  hooks(family: HookFamily): readonly HookInfo[];
  /** A kfunc or helper, by its kernel name; older names are found too (see `CallInfo.renamedTo`). */
  call(name: string): CallInfo | undefined;
  calls(): readonly CallInfo[];
  /** A field of a kernel struct: `field('task_struct', 'scx')`. */
  field(struct: string, name: string): FieldInfo | undefined;
  fields(struct: string): readonly FieldInfo[];
  /** A kernel constant: SCX_ENQ_WAKEUP, PF_KTHREAD. */
  constant(name: string): ConstantInfo | undefined;
  constants(): readonly ConstantInfo[];
}

export type HookFamily = 'tracepoint' | 'pvsched' | 'op' | 'init' | 'exit' | 'every';

export interface HookInfo {
  readonly family: HookFamily;
  /** Kernel name: 'sched_switch', 'enqueue'; the event for pvsched: 'vmexit'. '' for init, exit and every. */
  readonly name: string;
  /** 'sched' of sched:sched_switch; '' for other families. */
  readonly system: string;
  readonly params: readonly HookParam[];
  /** What the hook's `return` gives to the kernel; void for most. */
  readonly result: Type;
  /** May the program sleep there (init, init_task, …)? */
  readonly sleepable: boolean;
  /** One paragraph for the hover: when it fires. */
  readonly doc: string;
  /** Why no policy can handle it; absent: one can. */
  readonly refused?: string;
}

export interface HookParam {
  readonly name: string;
  /** 'optional' where the kernel may pass NULL. */
  readonly type: Type;
}

export interface CallInfo {
  readonly name: string;
  readonly class: 'kfunc' | 'helper';
  readonly params: readonly CallParam[];
  /** Optional where the call answers "none" (NULL, or a negative CPU); a tuple where it has out-parameters. */
  readonly result: Type;
  /** The C prototype, for hover and for the generated `extern`. */
  readonly signature: string;
  /** Set when this is an old name: what it is called today. */
  readonly renamedTo: string | undefined;
  /** False: known, but a policy may not call it directly (it needs a map, a callback, a raw pointer); why. */
  readonly usable: true | { readonly reason: string };
  /** One paragraph for the hover. */
  readonly doc: string;
}

export interface CallParam {
  readonly name: string;
  readonly type: Type;
  /** `is_idle` of scx_bpf_select_cpu_dfl: not written by the caller but part of the result. */
  readonly out: boolean;
}

export interface FieldInfo {
  readonly name: string;
  readonly type: Type;
  readonly writable: boolean;
  readonly doc: string;
  /** C type, where the kernel itself told it. */
  readonly c?: string;
  /** The kernel has it, and a policy cannot read it; why. */
  readonly unreadable?: string;
}

export interface ConstantInfo {
  readonly name: string;
  readonly type: Type;
  /** undefined where it differs between the kernels at hand; C always reads it by CO-RE. */
  readonly value: bigint | undefined;
  /** The kernel enum that has it (for bpf_core_enum_value), or undefined for a macro. */
  readonly enumName: string | undefined;
  readonly doc: string;
}

/** A view with nothing in it: for tests of the language alone. */
export const EMPTY_KERNEL: KernelView = {
  label: 'no kernel',
  hook: () => undefined,
  hooks: () => [],
  call: () => undefined,
  calls: () => [],
  field: () => undefined,
  fields: () => [],
  constant: () => undefined,
  constants: () => [],
};
