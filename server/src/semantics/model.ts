import type {
  CallExpr,
  ConstDecl,
  CounterDecl,
  DsqDecl,
  EnumDecl,
  EnumMember,
  EveryDecl,
  Expr,
  Field,
  FnDecl,
  Header,
  HistogramDecl,
  HookDecl,
  Ident,
  InvariantDecl,
  ParamDecl,
  PolicyFile,
  ScenarioDecl,
  SharedDecl,
  StateDecl,
  TableDecl,
  VmItem,
} from '../../../grammar/ast.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { ActionInfo } from './actions.ts';
import type { BuiltinInfo } from './builtins.ts';
import type { CallInfo, ConstantInfo, FieldInfo, HookInfo, KernelView } from './kernel-view.ts';
import type { Type } from './types.ts';

export type Target = 'pvsched' | 'tracing' | 'sched_ext';
export type Scope = 'vcpu' | 'vm' | 'task' | 'cpu' | 'global';

/**
 * A compile-time value. Ratios in 1/1024, durations in ns, a cpumask as one bit a CPU, a sched_class as the kernel's
 * number of the policy.
 */
export type Value = bigint | boolean | string;

/**
 * What a name means. `decl` is where it is declared; built-in things have none. There is one object for each
 * declaration, built-in or not: references are found by identity.
 */
export type Symbol =
  | {
      readonly kind: 'const';
      readonly decl: ConstDecl;
      readonly type: Type;
      readonly value: Value | undefined;
    }
  | { readonly kind: 'param'; readonly decl: ParamDecl; readonly type: Type }
  | { readonly kind: 'enum'; readonly decl: EnumDecl }
  | {
      readonly kind: 'enum-member';
      readonly decl: EnumMember;
      readonly enum: EnumDecl;
      readonly value: bigint;
    }
  | { readonly kind: 'table'; readonly decl: TableDecl; readonly key: Type; readonly value: Type }
  | { readonly kind: 'shared-field'; readonly decl: Field; readonly shared: SharedDecl; readonly type: Type }
  | {
      readonly kind: 'state-field';
      readonly decl: Field;
      readonly state: StateDecl;
      readonly scope: Scope;
      readonly type: Type;
    }
  | { readonly kind: 'counter'; readonly decl: CounterDecl; readonly per: Scope }
  | { readonly kind: 'histogram'; readonly decl: HistogramDecl; readonly per: Scope; readonly type: Type }
  | { readonly kind: 'dsq'; readonly decl: DsqDecl; readonly order: 'fifo' | 'vtime' }
  | { readonly kind: 'fn'; readonly decl: FnDecl; readonly params: readonly Type[]; readonly result: Type }
  /** `let`, `var`, loop variables, `if let`, parameters of hooks, functions and invariants. */
  | {
      readonly kind: 'local';
      readonly decl: Ident;
      readonly type: Type;
      readonly mutable: boolean;
      readonly role: 'let' | 'var' | 'loop' | 'hook-param' | 'fn-param';
    }
  | { readonly kind: 'scenario-vm'; readonly decl: VmItem }
  /** Names that the language brings: LOCAL, GLOBAL, FIFO, NORMAL, vms, baseline, metrics, statistics. */
  | { readonly kind: 'builtin-name'; readonly name: string; readonly type: Type; readonly doc: string }
  /** `v.vm`, `v.id`, `m.vcpus`, `p.pid`: members that entities bring. */
  | { readonly kind: 'builtin-member'; readonly name: string; readonly type: Type; readonly doc: string }
  | { readonly kind: 'kernel-field'; readonly struct: string; readonly field: FieldInfo }
  | { readonly kind: 'kernel-constant'; readonly constant: ConstantInfo }
  /** A type where it is named: `duration`, the `vcpu` of `state vcpu`, the `vm` of `per vm`. */
  | { readonly kind: 'builtin-type'; readonly name: string; readonly type: Type; readonly doc: string }
  /** A kfunc, an action or a built-in where it is called; the policy's own functions are `fn`. */
  | { readonly kind: 'callable'; readonly callee: Callee }
  /** The name in `on tracepoint sched:sched_switch`, and its system. */
  | { readonly kind: 'hook'; readonly hook: HookInfo }
  | { readonly kind: 'policy'; readonly decl: Header }
  | { readonly kind: 'invariant'; readonly decl: InvariantDecl }
  | { readonly kind: 'scenario'; readonly decl: ScenarioDecl };

/** What a call calls. */
export type Callee =
  | { readonly kind: 'fn'; readonly decl: FnDecl }
  | { readonly kind: 'kernel'; readonly call: CallInfo }
  | { readonly kind: 'action'; readonly action: ActionInfo }
  | { readonly kind: 'builtin'; readonly builtin: BuiltinInfo };

/** A call with its arguments in the order of the callee's parameters; undefined: not given, the default holds. */
export interface ResolvedCall {
  readonly callee: Callee;
  /** The `x` of `x.method(…)`, for builtins that are methods. */
  readonly receiver: Expr | undefined;
  readonly args: readonly (Expr | undefined)[];
}

/** A hook, timer or fn body: the unit of the safety analysis and of lowering. */
export interface HandlerModel {
  readonly decl: HookDecl | EveryDecl;
  /** undefined: the hook is unknown and has been reported. */
  readonly hook: HookInfo | undefined;
  readonly side: 'host' | 'guest';
  /** Parameters with their types, in the order of the kernel's arguments. */
  readonly params: readonly { readonly ident: Ident; readonly type: Type }[];
}

/** Everything that is known of a policy after names and types: the input of safety, lowering and the editor. */
export interface Model {
  readonly file: PolicyFile;
  readonly kernel: KernelView;
  readonly name: string;
  readonly target: Target | undefined;
  /** Type of every expression but the name of what is called, which is no value. */
  readonly types: ReadonlyMap<Expr, Type>;
  /** Meaning of every name: where it is declared and where it is used. */
  readonly names: ReadonlyMap<Ident, Symbol>;
  readonly calls: ReadonlyMap<CallExpr, ResolvedCall>;
  /** Value of every expression that is constant at compile time. */
  readonly constants: ReadonlyMap<Expr, Value>;
  /** Type that each declaration's own type reference means. */
  readonly declared: ReadonlyMap<Field | ParamDecl | TableDecl | HistogramDecl, Type>;
  /** What can be named without a dot in code of each side, besides locals and built-in names. */
  readonly globals: {
    readonly host: ReadonlyMap<string, Symbol>;
    readonly guest: ReadonlyMap<string, Symbol>;
  };
  readonly handlers: readonly HandlerModel[];
  readonly functions: readonly FnDecl[];
  readonly scenarios: readonly ScenarioDecl[];
  readonly invariants: readonly InvariantDecl[];
  /** Of names and types (PV2xxx, PV3xxx). */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * The same object in models of which one was made of the other: what is known of a body in one holds in all, as long
   * as the body is the same object.
   */
  readonly family: object;
}
