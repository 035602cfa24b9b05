import { readdirSync, readFileSync } from 'node:fs';
import { LineIndex, parse } from '../../grammar/index.ts';
import type { Decl, Expr, Stmt } from '../../grammar/index.ts';

const folder = new URL('samples/', import.meta.url);

/** The sample policies by name. */
export const SAMPLES: readonly (readonly [string, string])[] = readdirSync(folder)
  .filter((name) => name.endsWith('.pvpolicy'))
  .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')] as const);

export const HEADER = 'policy p for tracing\n';

/** What is said about a text, a line each: "line:column CODE message". */
export function messages(text: string): string[] {
  const lines = new LineIndex(text);
  return parse(text).diagnostics.map((d) => {
    const { line, character } = lines.positionAt(d.span.start);
    return `${line + 1}:${character + 1} ${d.code} ${d.message}`;
  });
}

/** Any part of a tree, without the spans: nested lists with the kind in front. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Record<string, unknown>;
  if (node['kind'] === 'ident') return node['text'];
  const entries = Object.entries(node).filter(([key, v]) => !/span$/i.test(key) && v !== undefined);
  return Object.fromEntries(entries.map(([key, v]) => [key, plain(v)]));
}

/** The declarations of a text that must have no mistake. */
export function decls(text: string): readonly Decl[] {
  const { file, diagnostics } = parse(HEADER + text);
  if (diagnostics.length > 0) throw new Error(messages(HEADER + text).join('\n'));
  return file.decls;
}

/** The statements of a body that must have no mistake. */
export function stmts(text: string): readonly Stmt[] {
  const [decl] = decls(`on init {\n${text}\n}\n`);
  if (decl?.kind !== 'hook') throw new Error('no hook');
  return decl.body.stmts;
}

/** An expression, fully parenthesized. */
export function expr(text: string): string {
  const [stmt] = stmts(`x = ${text}`);
  if (stmt?.kind !== 'assign') throw new Error('no assignment');
  return written(stmt.value);
}

/** An expression with a pair of parentheses for every operator. */
export function written(e: Expr): string {
  switch (e.kind) {
    case 'int':
    case 'bool':
      return String(e.value);
    case 'duration':
      return `${e.value}ns`;
    case 'ratio':
      return `${e.value}/1024`;
    case 'none':
      return 'none';
    case 'string':
      return JSON.stringify(e.value);
    case 'name':
      return e.name.text;
    case 'member':
      return `${written(e.object)}.${e.member.text}`;
    case 'index':
      return `${written(e.object)}[${written(e.index)}]`;
    case 'call': {
      const args = e.args.map((a) => (a.label === undefined ? '' : `${a.label.text}: `) + written(a.value));
      return `${written(e.callee)}(${args.join(', ')})`;
    }
    case 'unary':
      return `(${e.op}${written(e.operand)})`;
    case 'binary':
      return `(${written(e.left)} ${e.op} ${written(e.right)})`;
    case 'cond':
      return `(${written(e.condition)} ? ${written(e.then)} : ${written(e.otherwise)})`;
    case 'cast':
      return `(${written(e.operand)} as ${e.type.kind === 'named-type' ? e.type.name.text : e.type.kind})`;
    case 'range':
      return `(${written(e.from)}..${written(e.to)})`;
    case 'metric':
      return `(${e.metric.text} of ${e.of.text})`;
    case 'paren':
      return written(e.inner);
    case 'error':
      return '<error>';
  }
}
