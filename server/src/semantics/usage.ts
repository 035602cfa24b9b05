import type { Decl, Field } from '../../../grammar/ast.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import { report, type Context } from './context.ts';
import { insert, replace } from './fixes.ts';
import type { Symbol } from './model.ts';
import { bodiesOf, eachExprOf, eachStmt } from './walk.ts';

/** Reports what is declared and never used. A text that could not be read in full may use anything. */
export function usage(cx: Context): void {
  if (hasGaps(cx.file.decls)) return;
  const assigned = new Set<Symbol>();
  for (const body of bodiesOf(cx.file.decls)) {
    eachStmt(body, (stmt) => {
      const symbol =
        stmt.kind === 'assign' && stmt.target.kind === 'name' ? cx.names.get(stmt.target.name) : undefined;
      if (symbol !== undefined) assigned.add(symbol);
    });
  }
  for (const [ident, symbol] of cx.names) {
    if (symbol.kind === 'local' && symbol.decl === ident) unusedLocal(cx, symbol, assigned.has(symbol));
  }
  for (const { symbol, decl, ident, taken } of cx.entries) {
    if (
      taken ||
      symbol === undefined ||
      isBroken(symbol) ||
      cx.used.has(symbol) ||
      ident.text.startsWith('_') ||
      ident.text === ''
    )
      continue;
    unusedDeclaration(cx, decl, ident.text, ident.span);
  }
  for (const side of [cx.host, cx.guest]) {
    for (const [scope, fields] of Object.entries(side.state)) {
      for (const [name, symbol] of fields) {
        if (isBroken(symbol) || cx.used.has(symbol) || name.startsWith('_')) continue;
        const span = symbol.decl.name.span;
        report(
          cx,
          'PV2018',
          span,
          { what: `the field of 'state ${scope}'`, name },
          { fixes: removal(symbol.decl) },
        );
      }
    }
  }
}

/** What is wrong with the declaration has been reported. */
function isBroken(symbol: Symbol): boolean {
  switch (symbol.kind) {
    case 'const':
    case 'param':
    case 'state-field':
    case 'histogram':
      return symbol.type.kind === 'error';
    case 'table':
      return symbol.key.kind === 'error' || symbol.value.kind === 'error';
    default:
      return false;
  }
}

function unusedLocal(cx: Context, symbol: Symbol & { readonly kind: 'local' }, assigned: boolean): void {
  const name = symbol.decl.text;
  const silent = symbol.role === 'hook-param' || symbol.role === 'loop';
  if (silent || symbol.type.kind === 'error' || cx.used.has(symbol) || name === '' || name.startsWith('_'))
    return;
  const what = symbol.role === 'fn-param' ? 'parameter' : 'variable';
  const fixes: Fix[] = assigned
    ? []
    : [{ title: `Call it '_${name}'`, edits: [insert(symbol.decl.span.start, '_')] }];
  report(cx, 'PV2017', symbol.decl.span, { name, what }, { fixes });
}

const WORDS: Readonly<Record<string, string>> = {
  const: 'the constant',
  enum: 'the enum',
  table: 'the table',
  counter: 'the counter',
  histogram: 'the histogram',
  dsq: 'the queue',
  fn: 'the function',
  field: "the field of 'state'",
};

function unusedDeclaration(cx: Context, decl: Decl | Field, name: string, span: Decl['span']): void {
  const what =
    decl.kind === 'param' ? (decl.tunable ? 'the tunable' : 'the param') : (WORDS[decl.kind] ?? 'the name');
  report(cx, 'PV2018', span, { what, name }, { fixes: removal(decl) });
}

const removal = (decl: Decl | Field): readonly Fix[] => [
  { title: 'Remove it', edits: [replace(decl.span, '')] },
];

/** Is there a stretch of text that the parser could not read? */
function hasGaps(decls: readonly Decl[]): boolean {
  if (decls.some((decl) => decl.kind === 'error-decl' || (decl.kind === 'guest' && hasGaps(decl.decls))))
    return true;
  return bodiesOf(decls).some((body) => {
    let gap = false;
    eachStmt(body, (stmt) => (gap ||= stmt.kind === 'error-stmt'));
    eachExprOf(body, (expr) => (gap ||= expr.kind === 'error'));
    return gap;
  });
}
