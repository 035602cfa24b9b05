import type { Handler, Program, Side, Stmt } from '../../ir/ir.ts';
import type { KernelView } from '../../semantics/kernel-view.ts';
import type { Scope } from '../../semantics/model.ts';
import { hasMonotonicTimes } from './clock.ts';
import { iteratedLoops } from './effort.ts';
import { guardedCalls } from './guard.ts';
import type { HelperName } from './helpers.ts';
import { kernelStructs, type KernelStructs } from './kernel-structs.ts';
import { namespace, type Namespace } from './names.ts';
import { inOrder } from './order.ts';
import { isLibraryFunction } from './reserved.ts';
import { atomicFields, mostVcpus } from './walk.ts';

/**
 * One BPF source file while it is printed. Bodies are printed first and note here what they need; declarations, maps
 * and helpers are printed from the notes.
 */
export interface Unit {
  readonly program: Program;
  readonly side: 'host' | 'guest';
  readonly code: Side;
  /** 1-based line of an offset in the policy. */
  readonly lineOf: (offset: number) => number;
  /** The policy's comments that stand for themselves, by the line. */
  readonly remarks: ReadonlyMap<number, string>;
  /** Params, functions, tables, handlers. */
  readonly globals: Namespace;
  /** Fields of state, by the struct they are in. */
  readonly fields: Readonly<Record<Scope | 'hint' | 'feedback' | 'counter', Namespace>>;
  /** Tells prototypes and fields that the catalogue lacks. */
  readonly kernel: KernelView | undefined;
  /** Functions of an out-of-tree kernel that do an action at once, by the action. */
  readonly delivers: Readonly<Record<string, string>>;
  readonly structs: KernelStructs;
  readonly helpers: Set<HelperName>;
  /** kfuncs that the code calls, by the name that the policy or a helper uses. */
  readonly kfuncs: Set<string>;
  /** Kernel constants that the code names. */
  readonly constants: Map<
    string,
    { readonly enumName: string | undefined; readonly value: bigint | undefined }
  >;
  readonly features: Set<Feature>;
  /** What the code asks of a vCPU beside the policy's state: the ids of its thread and process, KVM's number. */
  readonly identity: Set<Identity>;
  /** Tracepoints whose handlers tell vCPUs apart themselves. */
  readonly tracked: Set<string>;
  /** Actions that the agent is asked for. */
  readonly actions: Set<string>;
  /** Enumerators of the events that `signal` names. */
  readonly events: Map<string, string>;
  /** Actions with a mask that is known at compile time. */
  readonly usedMaskForms: Set<string>;
  /** Counters that the policy itself reads. */
  readonly counterReads: Set<string>;
  /** vCPUs of a VM that a loop takes at most. */
  readonly vcpuRoom: number;
  /** Set once the file is printed: does it ask how many CPUs there are? */
  usesNrCpus: boolean;
  /** Calls that change the scheduler, each with the handlers that may make it. */
  readonly guarded: ReadonlyMap<string, readonly Handler[]>;
  /** Loops that are iterators of the kernel. */
  readonly iterated: ReadonlySet<Stmt>;
  /** Fields that several CPUs update at once. */
  readonly atomic: ReadonlySet<string>;
  /** Are there other times of CLOCK_MONOTONIC than those of `now()`? */
  readonly monotonic: boolean;
}

export const IDENTITY = ['tid', 'tgid', 'id'] as const;
export type Identity = (typeof IDENTITY)[number];

/** Parts of a file that exist only where code needs them. */
export type Feature =
  /** vCPUs are known; their list in each VM; the list of VMs. */
  | 'vcpus'
  | 'vcpu-of-task'
  | 'vcpu-by-tid'
  | 'vm-vcpus'
  | 'vms'
  /** State that is kept. */
  | `state ${Scope}`
  /** Its accessors: one that never gives NULL, one that only looks, one that gives NULL where there is no room. */
  | `${'any' | 'find' | 'make'} ${Scope}`
  /** State is asked of threads that may be gone. */
  | 'state of no task'
  | `stats ${Scope}`
  /** Something is counted or recorded there, not only read. */
  | `counts ${Scope}`
  | `table ${string}`
  | 'hint'
  /** `feedback`, and how the host uses it. */
  | 'feedback'
  | 'writes feedback'
  | 'reads feedback'
  | 'requests'
  | 'pin-mask'
  /** What went wrong is counted. */
  | 'health';

export function createUnit(
  asWritten: Program,
  side: 'host' | 'guest',
  { lineOf, remarks }: Pick<Unit, 'lineOf' | 'remarks'>,
  kernel?: KernelView,
  delivers: Unit['delivers'] = {},
): Unit {
  const program = inOrder(asWritten);
  const code = side === 'host' ? program.host : (program.guest ?? { functions: [], handlers: [] });
  const fields = (...own: readonly string[]): Namespace => namespace((name) => own.includes(name));
  return {
    program,
    side,
    code,
    delivers,
    lineOf,
    remarks,
    globals: namespace(isLibraryFunction),
    fields: {
      vcpu: fields('tid', 'tgid', 'id'),
      vm: fields('tgid', 'vcpu'),
      task: fields(),
      cpu: fields(),
      global: fields(),
      hint: fields(),
      feedback: fields(),
      counter: fields(),
    },
    kernel,
    structs: kernelStructs(kernel),
    helpers: new Set(),
    kfuncs: new Set(),
    constants: new Map(),
    features: new Set(),
    identity: new Set(),
    tracked: new Set(),
    actions: new Set(),
    events: new Map(),
    usedMaskForms: new Set(),
    counterReads: new Set(),
    vcpuRoom: mostVcpus(code),
    usesNrCpus: false,
    guarded: guardedCalls(code),
    iterated: iteratedLoops(code),
    atomic: atomicFields(program, code),
    monotonic: hasMonotonicTimes(code),
  };
}

/** Notes that the code calls the helper; gives its name. */
export function helper(unit: Unit, name: HelperName): string {
  unit.helpers.add(name);
  return name;
}

/**
 * The number as one that the verifier does not know. It walks a loop of an iterator until nothing that it knows
 * changes any more, which a counter with a known start would put off for ever.
 */
export function opaque(unit: Unit, text: string): string {
  return `${helper(unit, 'pv_opaque')}(${text})`;
}
