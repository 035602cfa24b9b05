import type { Stmt } from '../../../../grammar/ast.ts';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../semantics/model.ts';
import type { Condition } from './conditions.ts';
import { assume, known, merge, type PathState } from './state.ts';

/** Ways out of a statement. */
export interface Ways {
  readonly next: readonly PathState[];
  readonly broke: readonly PathState[];
  readonly continued: readonly PathState[];
}

/** Paths on which a condition is true, and those on which it is false. */
export interface Choice {
  readonly yes: readonly PathState[];
  readonly no: readonly PathState[];
}

export const on = (next: readonly PathState[]): Ways => ({ next, broke: [], continued: [] });

export const both = (a: Ways, b: Ways): Ways => ({
  next: merge([...a.next, ...b.next]),
  broke: [...a.broke, ...b.broke],
  continued: [...a.continued, ...b.continued],
});

/** Takes paths apart by a condition; those that know it already go one way only. */
export function split(states: readonly PathState[], condition: Condition | undefined, span: Span): Choice {
  const of = (holds: boolean): readonly PathState[] =>
    states
      .filter((state) => known(state, condition) !== !holds)
      .map((state) => assume(state, condition, holds, span));
  return { yes: of(true), no: of(false) };
}

/** Does the match of an enum or a bool name every value? */
export function coversAll(stmt: Stmt & { readonly kind: 'match' }, model: Model): boolean {
  const type = model.types.get(stmt.subject);
  const patterns = stmt.arms.flatMap((arm) => arm.patterns);
  const values = new Set(patterns.map((p) => (p.kind === 'wildcard' ? undefined : model.constants.get(p))));
  if (type?.kind === 'bool') return values.size === 2;
  if (type?.kind !== 'enum') return false;
  const decl = model.file.decls.find((one) => one.kind === 'enum' && one.name.text === type.name);
  return decl?.kind === 'enum' && values.size >= decl.members.length;
}
