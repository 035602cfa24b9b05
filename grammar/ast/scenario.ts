import type { Expr, StringExpr } from './expressions.ts';
import type { Ident, Node } from './node.ts';

export type ScenarioItem = TraceItem | VmItem | AssumeItem | CompareItem | SetItem | ExpectItem;

/** `trace "PATH"` */
export interface TraceItem extends Node {
  readonly kind: 'trace';
  readonly path: StringExpr;
}

/** `vm NAME = comm "GLOB"`, `= pid N`, `= cgroup "GLOB"`; several, joined by `|`, add up. */
export interface VmItem extends Node {
  readonly kind: 'vm';
  readonly name: Ident;
  readonly selectors: readonly VmSelector[];
}

export interface VmSelector extends Node {
  readonly kind: 'vm-selector';
  readonly by: 'comm' | 'pid' | 'cgroup';
  readonly value: Expr;
}

/** `assume FIELD [= EXPR] on VM for DURATION after HOOK`, or `assume FIELD [= EXPR] on VM always` */
export interface AssumeItem extends Node {
  readonly kind: 'assume';
  readonly field: Ident;
  readonly value: Expr | undefined;
  readonly vm: Ident;
  readonly when:
    { readonly kind: 'after'; readonly duration: Expr; readonly hook: Ident } | { readonly kind: 'always' };
}

/** `compare eevdf, pinned, "other.pvpolicy"` */
export interface CompareItem extends Node {
  readonly kind: 'compare';
  readonly baselines: readonly (Ident | StringExpr)[];
}

/** `set PARAM = EXPR`, `set TABLE[KEY] = EXPR`: what the operator would have set when loading the policy. */
export interface SetItem extends Node {
  readonly kind: 'set';
  readonly param: Ident;
  /** The key of a table's entry; undefined for a param. */
  readonly key: Expr | undefined;
  readonly value: Expr;
}

/** `expect EXPR` */
export interface ExpectItem extends Node {
  readonly kind: 'expect';
  readonly condition: Expr;
}
