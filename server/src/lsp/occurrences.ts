import type { Ident } from '../../../grammar/ast.ts';
import { pathTo } from '../../../grammar/walk.ts';
import type { Model, Symbol } from '../semantics/model.ts';

/** A name in the text and what it means. */
export interface Occurrence {
  readonly ident: Ident;
  readonly symbol: Symbol;
}

/** The name at `offset`, also when the cursor stands right behind it. */
export function occurrenceAt(model: Model, offset: number): Occurrence | undefined {
  const ident = pathTo(model.file, offset).findLast((node): node is Ident => node.kind === 'ident');
  const symbol = ident && ident.text !== '' ? model.names.get(ident) : undefined;
  return ident && symbol && { ident, symbol };
}

/** All names that mean `symbol`, its declaration among them, in the order of the text. */
export function uses(model: Model, symbol: Symbol): readonly Ident[] {
  const found: Ident[] = [];
  for (const [ident, meant] of model.names) if (meant === symbol && ident.text !== '') found.push(ident);
  return found.toSorted((a, b) => a.span.start - b.span.start);
}

/** The name in the declaration of `symbol`; undefined for what the language or the kernel brings. */
export function declaration(symbol: Symbol): Ident | undefined {
  switch (symbol.kind) {
    case 'const':
    case 'param':
    case 'enum':
    case 'enum-member':
    case 'table':
    case 'shared-field':
    case 'state-field':
    case 'counter':
    case 'histogram':
    case 'dsq':
    case 'fn':
    case 'scenario-vm':
    case 'policy':
    case 'invariant':
    case 'scenario':
      return symbol.decl.name;
    case 'local':
      return symbol.decl;
    case 'builtin-name':
    case 'builtin-member':
    case 'builtin-type':
    case 'kernel-field':
    case 'kernel-constant':
    case 'callable':
    case 'hook':
      return undefined;
  }
}
