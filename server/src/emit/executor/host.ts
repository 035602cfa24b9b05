import type { Span } from '../../diagnostics/diagnostic.ts';
import type { CallInfo } from '../../semantics/kernel-view.ts';
import type { Action, IrType } from '../../ir/ir.ts';
import { canonical, type Num } from './number.ts';

/**
 * A value while a policy runs. Numbers are `Num`; a cpumask is a bigint with one bit a CPU; entities are numbers: a
 * vCPU is its thread id, a task too unless the host tells idle tasks apart, a VM what the host numbers it, a dispatch queue see `DSQ`; `undefined` is `none`.
 */
export type Value = Num | boolean | string | undefined | readonly Value[];

/** A value of the program in the form that it has while it runs. `mask`: it is a set of CPUs, which stays a bigint. */
export const valueOf = <T extends boolean | string>(value: bigint | T, mask: boolean): Num | T =>
  typeof value === 'bigint' && !mask ? canonical(value) : value;

/** Dispatch queues that have no index of their own; `localOn(cpu)` counts down from there. */
export const DSQ = {
  local: -1,
  global: -2,
  localOn: (cpu: number): number => -3 - cpu,
  /** The CPU of a `localOn` queue; undefined for others. */
  cpuOf: (dsq: number): number | undefined => (dsq <= -3 ? -3 - dsq : undefined),
} as const;

/** Where in a policy something was asked for. */
export interface Site {
  readonly span: Span;
  /** Index of the handler whose code it is, or −1 in a function (the running handler says whose turn it is). */
  readonly handler: number;
}

/** What an action is given: its arguments in the order of its parameters. */
export type ActionRunner = (args: readonly Value[]) => void;

/**
 * The machine around a policy: replay answers from a trace, a simulator from its model. What depends on names only is
 * bound once, when the policy is compiled.
 */
export interface Host {
  /** ns of the kernel's monotonic clock. */
  readonly now: () => Num;
  readonly currentTask: () => number;
  readonly currentVcpu: () => number | undefined;
  readonly vcpuOfTask: (task: number) => number | undefined;
  readonly thisCpu: () => number;
  readonly vmOfVcpu: (vcpu: number) => number;
  /** KVM's number of the vCPU in its VM. */
  readonly vcpuId: (vcpu: number) => number;
  /** Thread group id. */
  readonly vmId: (vm: number) => number;
  readonly vms: () => readonly number[];
  readonly vcpusOf: (vm: number) => readonly number[];
  readonly taskPid: (task: number) => number;
  readonly taskTgid: (task: number) => number;
  readonly taskComm: (task: number) => string;
  readonly isKthread: (task: number) => boolean;
  readonly canRunOn: (task: number, cpu: number) => boolean;
  /** All CPUs, as a mask: what a complement is taken within. */
  readonly allCpus: () => bigint;
  readonly dsqLen: (dsq: number) => number;
  readonly dsqTasks: (dsq: number) => readonly number[];
  /** ns that the task has been runnable without running; 0 where it runs or sleeps. */
  readonly waiting: (task: number) => number;
  /** ns since the boost began that is in force; 0 without one. */
  readonly boostedFor: (task: number) => number;

  /** The operator's entry of a table; undefined: the table's default holds. */
  readonly table: (name: string) => (key: Value) => Value;
  /** What the guest of a vCPU wrote. */
  readonly hint: (field: string) => (vcpu: number) => Value;
  readonly kernelField: (root: IrType, path: readonly string[], type: IrType, site: Site) => KernelField;
  readonly kernelConstant: (name: string, value: bigint | undefined, site: Site) => Num;
  readonly kernelCall: (call: CallInfo, site: Site) => (args: readonly Value[]) => Value;
  readonly action: (action: Action, site: Site) => ActionRunner;
  readonly log: (site: Site) => (text: string) => void;
}

export interface KernelField {
  readonly load: (object: number) => Value;
  readonly store: (object: number, value: Value) => void;
}

/** Key under which global state is kept. */
export const GLOBAL_ENTITY = 0;
