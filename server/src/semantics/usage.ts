import type { Decl, Field } from '../../../grammar/ast.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import { report, type Context } from './context.ts';
import { insert, replace } from './fixes.ts';
import type { Symbol } from './model.ts';

/** Reports what is declared and never used. A text that could not be read in full may use anything. */
export function usage(cx: Context): void {
  if (cx.gaps) return;
  for (const symbol of cx.locals) unusedLocal(cx, symbol);
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

function unusedLocal(cx: Context, symbol: Symbol & { readonly kind: 'local' }): void {
  const name = symbol.decl.text;
  const silent = symbol.role === 'hook-param' || symbol.role === 'loop';
  if (silent || symbol.type.kind === 'error' || cx.used.has(symbol) || name === '' || name.startsWith('_'))
    return;
  const what = symbol.role === 'fn-param' ? 'parameter' : 'variable';
  const fixes: Fix[] = cx.assigned.has(symbol)
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

/** A documented declaration is left to its author: the comment in front of it would stay behind. */
const removal = (decl: Decl | Field): readonly Fix[] =>
  decl.doc === undefined ? [{ title: 'Remove it', edits: [replace(decl.span, '')] }] : [];
