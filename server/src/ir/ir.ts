import type { Span } from '../diagnostics/diagnostic.ts';
import type { CallInfo, HookInfo } from '../semantics/kernel-view.ts';
import type { Scope, Target } from '../semantics/model.ts';

/**
 * The program between the typed tree and everything that runs: the C emitters print it, the executor runs it, and
 * both must agree on every value. It is structured (no jumps), typed, and free of sugar: no named arguments, no
 * implicit conversions, no constants by name, no units.
 *
 * Values. `int`: two's complement of its width; arithmetic happens in 64 bits and wraps; a store truncates to the
 * width of its place. `bool`. Entities (`task`, `vcpu`, `vm`) are handles; `cpu` is a number. An optional entity or
 * CPU exists only as the value of `if-some` and `is-some`. Division by zero gives 0, modulo by zero the dividend; a
 * shift count is taken modulo 64.
 */
export type IrType =
  | {
      readonly kind: 'int';
      readonly bits: 8 | 16 | 32 | 64;
      readonly signed: boolean;
      /** How people read the number: in logs, decisions, reports and the loader's flags. */
      readonly unit: Unit;
    }
  | { readonly kind: 'bool' }
  | { readonly kind: 'task' }
  | { readonly kind: 'vcpu' }
  | { readonly kind: 'vm' }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'cpumask' }
  | { readonly kind: 'dsq' }
  | { readonly kind: 'string' }
  /** A pointer to a kernel struct. */
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'optional'; readonly inner: IrType }
  /** Only as the result of a kernel call with out-parameters, taken apart by `let-tuple`. */
  | { readonly kind: 'tuple'; readonly items: readonly IrType[] }
  | { readonly kind: 'void' };

export type Unit =
  | 'plain'
  | 'duration'
  | 'instant'
  | 'vtime'
  | 'ratio'
  | 'nice'
  | 'rt_prio'
  | 'weight'
  | 'sched_class'
  | { readonly enum: string }
  | { readonly flags: string };

export interface Program {
  readonly name: string;
  readonly target: Target;
  /** Doc comment of the header. */
  readonly doc: string | undefined;
  /** `requires kernel >= X`, as written. */
  readonly requires: string | undefined;
  readonly enums: readonly EnumDef[];
  readonly params: readonly ParamDef[];
  readonly tables: readonly TableDef[];
  readonly states: readonly StateDef[];
  readonly hint: readonly FieldDef[];
  readonly feedback: readonly FieldDef[];
  readonly counters: readonly CounterDef[];
  readonly histograms: readonly HistogramDef[];
  readonly dsqs: readonly DsqDef[];
  /** Checked by the simulator after every event; the emitters leave them out. */
  readonly invariants: readonly InvariantDef[];
  readonly host: Side;
  /** Absent where the policy has no `guest { }`. */
  readonly guest: Side | undefined;
}

/** The programs of one side: the host's, or those that run in the guest. */
export interface Side {
  readonly functions: readonly Fn[];
  readonly handlers: readonly Handler[];
}

export interface EnumDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly members: readonly { readonly name: string; readonly value: bigint }[];
}

export interface ParamDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly type: IrType;
  readonly value: bigint | boolean;
  readonly range: { readonly lo: bigint; readonly hi: bigint } | undefined;
  readonly tunable: boolean;
  readonly span: Span;
}

export interface TableDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly key: 'vm' | 'task' | 'cpu' | 'string';
  readonly value: IrType;
  readonly fallback: bigint | boolean;
}

export interface StateDef {
  readonly scope: Scope;
  /** Host and guest have stores of their own: at most one definition for a side and scope. */
  readonly side: 'host' | 'guest';
  readonly doc: string | undefined;
  readonly fields: readonly FieldDef[];
}

export interface FieldDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly type: FieldType;
}

export type FieldType =
  | { readonly kind: 'scalar'; readonly type: IrType }
  /**
   * A 64-bit number and whether there was a sample. The first sample is taken as it is; then x moves towards the
   * sample by `mul-ratio(alpha, |sample − x|)`: up by `add`, down by `sub`.
   */
  | { readonly kind: 'ewma'; readonly type: IrType; readonly alpha: bigint }
  /**
   * At most `max`, in the order of the pushes; a push onto a full list is refused. `remove` takes the first equal value
   * and puts the last one in its place. `at` beyond the end gives zero, or none.
   */
  | { readonly kind: 'list'; readonly type: IrType; readonly max: number }
  /** The newest `max` values. `sum` wraps; `avg` is the sum divided by the length, 0 while it is empty. */
  | { readonly kind: 'ring'; readonly type: IrType; readonly max: number };

export interface CounterDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly per: Scope;
}

export interface HistogramDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly per: Scope;
  readonly type: IrType;
}

export interface DsqDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly order: 'fifo' | 'vtime';
  /** Position in the policy, from 0. */
  readonly index: number;
}

/** With a parameter (a vcpu, vm, task or cpu) it holds for every entity of that type that has state. */
export interface InvariantDef {
  readonly name: string;
  readonly doc: string | undefined;
  readonly params: readonly Local[];
  readonly always: readonly Expr[];
  readonly span: Span;
}

/** A local variable; `id` is unique within its function or handler, `name` is as the user wrote it. */
export interface Local {
  readonly id: number;
  readonly name: string;
  readonly type: IrType;
}

export interface Fn {
  readonly name: string;
  readonly doc: string | undefined;
  readonly params: readonly Local[];
  readonly result: IrType;
  readonly body: readonly Stmt[];
  readonly locals: number;
  readonly span: Span;
}

export interface Handler {
  /** Position among the handlers of its side, from 0. */
  readonly index: number;
  readonly hook: HookInfo;
  readonly doc: string | undefined;
  /** Period of an `every`, in ns. */
  readonly period: bigint | undefined;
  /** In the order of the kernel's arguments; as many as the policy names. */
  readonly params: readonly Local[];
  readonly body: readonly Stmt[];
  readonly locals: number;
  /** Of the head: `on tracepoint sched:sched_switch`. */
  readonly span: Span;
}

/** Instances of state: whose. `global` has no entity. */
export interface Instance {
  readonly scope: Scope;
  readonly entity: Expr | undefined;
}

export type Stmt = (
  | { readonly kind: 'let'; readonly local: Local; readonly value: Expr }
  | { readonly kind: 'let-tuple'; readonly locals: readonly Local[]; readonly value: Expr }
  | { readonly kind: 'set'; readonly local: Local; readonly value: Expr }
  /**
   * `value` is computed first (so in `count`, `record` and `collect`); an atomic update reads and writes the place in
   * one step.
   */
  | {
      readonly kind: 'store';
      readonly place: Place;
      readonly op: 'set' | 'add' | 'sub' | 'or' | 'and' | 'xor';
      /** Subtraction that stops at zero (durations, instants, ratios). */
      readonly saturate: boolean;
      /** Several CPUs may write the place at once. */
      readonly atomic: boolean;
      readonly value: Expr;
    }
  | {
      readonly kind: 'count';
      readonly counter: string;
      readonly entity: Expr | undefined;
      readonly amount: Expr;
    }
  | {
      readonly kind: 'record';
      readonly histogram: string;
      readonly entity: Expr | undefined;
      readonly value: Expr;
    }
  /** `field.update(x)`, `list.push(x)`, `list.remove(x)`, `ring.push(x)`, `list.clear()` */
  | {
      readonly kind: 'collect';
      readonly op: 'update' | 'push' | 'remove' | 'clear';
      /** Several CPUs may change it at once: each change is one step, or is counted as lost. */
      readonly shared: boolean;
      readonly instance: Instance;
      readonly field: string;
      readonly value: Expr | undefined;
    }
  | {
      readonly kind: 'if';
      readonly condition: Expr;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[];
    }
  | {
      readonly kind: 'if-some';
      readonly local: Local;
      readonly value: Expr;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[];
    }
  /** Arms in order; an arm matches where one of its ranges (both ends included) has the subject. */
  | { readonly kind: 'match'; readonly subject: Expr; readonly arms: readonly MatchArm[] }
  /** `local` from `from` up to, not including, `to`, at most `max` times. */
  | {
      readonly kind: 'for-range';
      readonly local: Local;
      readonly from: Expr;
      readonly to: Expr;
      readonly max: bigint;
      readonly body: readonly Stmt[];
    }
  | {
      readonly kind: 'for-each';
      readonly local: Local;
      readonly source: Source;
      readonly max: bigint;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'return'; readonly value: Expr | undefined }
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'log'; readonly parts: readonly (string | Expr)[] }
  | { readonly kind: 'expr'; readonly value: Expr }
) & {
  /** Of the statement's first line in the policy: `#line`, hits. */
  readonly span: Span;
};

export interface MatchArm {
  /** Empty: matches everything. */
  readonly ranges: readonly { readonly lo: bigint; readonly hi: bigint }[];
  readonly body: readonly Stmt[];
  /** Of its patterns. */
  readonly span: Span;
}

export type Source =
  | { readonly kind: 'cpus'; readonly mask: Expr }
  | { readonly kind: 'vcpus'; readonly vm: Expr }
  | { readonly kind: 'vms' }
  | { readonly kind: 'dsq'; readonly dsq: Expr }
  | { readonly kind: 'list'; readonly instance: Instance; readonly field: string };

/** Where a value can be stored. */
export type Place =
  | { readonly kind: 'state'; readonly instance: Instance; readonly field: string; readonly type: IrType }
  /** The guest's page on the guest side. */
  | { readonly kind: 'hint'; readonly field: string; readonly type: IrType }
  /** What the host tells a guest: the page of `vcpu` on the host side; on the guest side its own (undefined). */
  | {
      readonly kind: 'feedback';
      readonly vcpu: Expr | undefined;
      readonly field: string;
      readonly type: IrType;
    }
  /** `p.scx.slice`: a kernel field that the program may write. */
  | {
      readonly kind: 'kernel';
      readonly object: Expr;
      readonly path: readonly string[];
      readonly type: IrType;
    }
  | { readonly kind: 'tunable'; readonly name: string; readonly type: IrType };

/** A portable verb with its arguments in the order of its parameters. */
export interface Action {
  readonly name: string;
  readonly args: readonly Expr[];
  readonly deferred: boolean;
}

export type BinaryOp =
  | 'add'
  | 'sub'
  /** a − b, or 0 where b > a (unsigned). */
  | 'sub-sat'
  | 'mul'
  /** (a × b) >> 10 after a 64-bit wrapping product: a ratio of b. */
  | 'mul-ratio'
  /** (a << 10) / b after a 64-bit wrapping shift: the ratio of a to b; 0 where b is 0. */
  | 'div-ratio'
  | 'div'
  | 'mod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  /** (s64)(a − b) < 0: vtime order, and `before(a, b)`. */
  | 'before'
  /** By `before` where the unit is vtime. */
  | 'min'
  | 'max';

export type Expr = (
  | { readonly kind: 'const'; readonly value: bigint | boolean | string }
  /** Read from the kernel's BTF at load; `value` where it is known to be the same everywhere. */
  | {
      readonly kind: 'kernel-const';
      readonly name: string;
      readonly enumName: string | undefined;
      readonly value: bigint | undefined;
    }
  | { readonly kind: 'local'; readonly local: Local }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'table'; readonly table: string; readonly key: Expr }
  | { readonly kind: 'load'; readonly place: Place }
  /** What the guest wrote. */
  | { readonly kind: 'load-hint'; readonly vcpu: Expr; readonly field: string }
  | { readonly kind: 'counter-value'; readonly counter: string; readonly entity: Expr | undefined }
  /** Operands have equal signedness; `lt…ge`, `div`, `mod`, `shr`, `min`, `max` follow it. `eq`/`ne` also compare handles. */
  | { readonly kind: 'binary'; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr }
  /** Short-circuit. */
  | { readonly kind: 'logical'; readonly op: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'not'; readonly operand: Expr }
  /** Bitwise complement, and arithmetic negation, in 64 bits. */
  | { readonly kind: 'complement'; readonly operand: Expr }
  | { readonly kind: 'negate'; readonly operand: Expr }
  /**
   * To another width, signedness or unit; `bool` to int gives 0 or 1, int to `bool` is `≠ 0`; an optional vCPU to the
   * optional task that runs it.
   */
  | { readonly kind: 'convert'; readonly operand: Expr }
  | { readonly kind: 'select'; readonly condition: Expr; readonly then: Expr; readonly otherwise: Expr }
  /** The optional (its type) that is not there, and the one that is `operand`. */
  | { readonly kind: 'none' }
  | { readonly kind: 'some'; readonly operand: Expr }
  /** Is the optional there? */
  | { readonly kind: 'is-some'; readonly operand: Expr }
  | { readonly kind: 'call'; readonly fn: string; readonly args: readonly Expr[] }
  | { readonly kind: 'kernel-call'; readonly call: CallInfo; readonly args: readonly Expr[] }
  | { readonly kind: 'intrinsic'; readonly name: Intrinsic; readonly args: readonly Expr[] }
  /** Reads of collections in state. */
  | {
      readonly kind: 'collection';
      readonly op: 'len' | 'at' | 'contains' | 'sum' | 'avg' | 'max' | 'value';
      readonly instance: Instance;
      readonly field: string;
      readonly arg: Expr | undefined;
    }
  /** A dispatch queue: user-made by index, or LOCAL, GLOBAL, local_on(cpu). */
  | {
      readonly kind: 'dsq';
      readonly which:
        | { readonly kind: 'user'; readonly name: string }
        | { readonly kind: 'local' }
        | { readonly kind: 'global' }
        | { readonly kind: 'local-on'; readonly cpu: Expr };
    }
) & { readonly type: IrType; readonly span: Span };

/** Operations that each target and the executor bring themselves. */
export type Intrinsic =
  /** instant */
  | 'now'
  /** task */
  | 'current'
  /** vcpu? */
  | 'current-vcpu'
  /** task → vcpu? */
  | 'vcpu-of-task'
  /** cpu */
  | 'this-cpu'
  /** vcpu → vm, vcpu → task, vcpu → u32 (KVM's id), vcpu → u32 (thread id), vm → u32 (thread group id) */
  | 'vcpu-vm'
  | 'vcpu-task'
  | 'vcpu-id'
  | 'vcpu-tid'
  | 'vm-id'
  /** task → u32, task → u32, task → string */
  | 'task-pid'
  | 'task-tgid'
  | 'task-comm'
  /** task, cpu → bool: affinity now, migration-disabled, online. */
  | 'can-run-on'
  | 'is-kthread'
  /** dsq → u64 */
  | 'dsq-len'
  /** cpumask operations; `mask-literal` takes pairs lo, hi (both included). */
  | 'mask-literal'
  | 'mask-and'
  | 'mask-or'
  | 'mask-xor'
  | 'mask-not'
  | 'mask-has'
  | 'mask-empty'
  | 'mask-count'
  /** cpumask → cpu? */
  | 'mask-any'
  | 'mask-first'
  /** string, string → bool */
  | 'string-eq'
  /** s64 → u64: the distance from zero. */
  | 'abs'
  /** task → duration; only in invariants, which the simulator checks. */
  | 'waiting'
  | 'boosted-for';
