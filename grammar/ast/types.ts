import type { Expr } from './expressions.ts';
import type { Ident, Node } from './node.ts';

export type TypeRef = NamedType | OptionalType | EwmaType | ListType | RingType | ErrorType;

export interface NamedType extends Node {
  readonly kind: 'named-type';
  readonly name: Ident;
}

/** `T?` */
export interface OptionalType extends Node {
  readonly kind: 'optional-type';
  readonly inner: TypeRef;
}

/** `ewma(1/8) of T` */
export interface EwmaType extends Node {
  readonly kind: 'ewma-type';
  readonly alpha: Expr;
  readonly of: TypeRef;
}

/** `list of T max N` */
export interface ListType extends Node {
  readonly kind: 'list-type';
  readonly of: TypeRef;
  readonly max: Expr;
}

/** `ring of T max N` */
export interface RingType extends Node {
  readonly kind: 'ring-type';
  readonly of: TypeRef;
  readonly max: Expr;
}

export interface ErrorType extends Node {
  readonly kind: 'error-type';
}
