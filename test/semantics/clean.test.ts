import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CallExpr, Expr, Ident } from '../../grammar/ast.ts';
import { walk } from '../../grammar/walk.ts';
import { checked } from './support.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const policies = ['clean/', '../../examples/'].flatMap((folder) =>
  readdirSync(at(folder))
    .filter((name) => name.endsWith('.pvpolicy'))
    .map((name) => ({ name, text: readFileSync(at(folder) + name, 'utf8') })),
);

const EXPRESSIONS: ReadonlySet<string> = new Set<Expr['kind']>([
  'int', 'duration', 'ratio', 'bool', 'none', 'string', 'name', 'member', 'index', 'call', 'unary', 'binary', 'cond',
  'cast', 'range', 'metric', 'paren',
]); // prettier-ignore

describe.each(policies)('$name', ({ text }) => {
  const model = checked(text);

  it('has no mistake', () => {
    expect([...model.syntaxErrors, ...model.diagnostics].map((d) => `${d.code} ${d.message}`)).toEqual([]);
  });

  it('gives every name a meaning', () => {
    const nameless: string[] = [];
    walk(model.file, (node) => {
      if (node.kind === 'ident' && !model.names.has(node as Ident)) nameless.push((node as Ident).text);
    });
    expect(nameless.filter((name) => name !== '_')).toEqual([]);
  });

  it('gives every expression a type, and every call a callee', () => {
    const callees = new Set<object>();
    const untyped: string[] = [];
    walk(model.file, (node) => {
      if (node.kind === 'call') {
        callees.add((node as CallExpr).callee);
        if (!model.calls.has(node as CallExpr)) untyped.push(text.slice(node.span.start, node.span.end));
      }
      const isValue = EXPRESSIONS.has(node.kind) && !callees.has(node);
      const type = model.types.get(node as Expr);
      if (isValue && (type === undefined || type.kind === 'error')) {
        untyped.push(`${node.kind} ${text.slice(node.span.start, node.span.end)}`);
      }
    });
    expect(untyped).toEqual([]);
  });

  it('has one symbol for each declaration', () => {
    const symbols = new Map<object, object>();
    for (const symbol of model.names.values()) {
      if (!('decl' in symbol)) continue;
      const known = symbols.get(symbol.decl);
      expect(known ?? symbol).toBe(symbol);
      symbols.set(symbol.decl, symbol);
    }
  });
});
