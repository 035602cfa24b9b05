import type { Span } from '../server/src/diagnostics/diagnostic.ts';
import type { Decl } from './ast/declarations.ts';
import type { Ident, Node } from './ast/node.ts';

export type * from './ast/node.ts';
export type * from './ast/declarations.ts';
export type * from './ast/scenario.ts';
export type * from './ast/types.ts';
export type * from './ast/statements.ts';
export type * from './ast/expressions.ts';

/** The root of the tree. */
export interface PolicyFile extends Node {
  readonly kind: 'file';
  readonly header: Header | undefined;
  readonly decls: readonly Decl[];
}

/** `policy NAME for TARGET [requires kernel >= 6.12]` */
export interface Header extends Node {
  readonly kind: 'header';
  readonly doc: string | undefined;
  readonly name: Ident;
  readonly target: Ident;
  readonly requires: { readonly version: string; readonly span: Span } | undefined;
}
