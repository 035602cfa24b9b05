import type { Type } from './types.ts';

/** A function or method of the language itself. Its typing is in the checker where it depends on the arguments. */
export interface BuiltinInfo {
  readonly name: string;
  /** Type kind that it is a method of; undefined for a plain function. */
  readonly receiver: Type['kind'] | undefined;
  /** As shown in hover and signature help. */
  readonly signature: string;
  readonly doc: string;
}
