import type { CallExpr, Expr } from '../../../grammar/ast.ts';
import type { Fix, Span, TextEdit } from '../diagnostics/diagnostic.ts';
import type { Context } from './context.ts';
import { show, type Type } from './types.ts';

export const insert = (at: number, newText: string): TextEdit => ({ span: { start: at, end: at }, newText });
export const replace = (span: Span, newText: string): TextEdit => ({ span, newText });

/** Replaces a name by the one that was probably meant. */
export const renameFix = (span: Span, near: string | undefined): readonly Fix[] =>
  near === undefined ? [] : [{ title: `Change to '${near}'`, edits: [replace(span, near)] }];

/**
 * The expression as text, where it is a name, a member, an index, a call or a literal of one line; undefined for
 * what is longer. Only such a text is ever repeated in a fix or a message.
 */
export function textOf(expr: Expr): string | undefined {
  switch (expr.kind) {
    case 'name':
      return expr.name.text;
    case 'int':
      return `${expr.value}`;
    case 'bool':
      return `${expr.value}`;
    case 'unary':
      return joined([textOf(expr.operand)], ([operand]) => `${expr.op}${operand}`);
    case 'member':
      return joined([textOf(expr.object), expr.member.text], (parts) => parts.join('.'));
    case 'index':
      return joined([textOf(expr.object), textOf(expr.index)], ([object, index]) => `${object}[${index}]`);
    case 'call':
      return callText(expr);
    case 'paren':
      return joined([textOf(expr.inner)], ([inner]) => `(${inner})`);
    default:
      return undefined;
  }
}

function callText(call: CallExpr): string | undefined {
  if (call.args.some((arg) => arg.label !== undefined)) return undefined;
  return joined(
    [textOf(call.callee), ...call.args.map((arg) => textOf(arg.value))],
    ([callee, ...args]) => `${callee}(${args.join(', ')})`,
  );
}

function joined(
  parts: readonly (string | undefined)[],
  join: (parts: string[]) => string,
): string | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? join(known) : undefined;
}

/** Does `as` bind to the whole of the expression? */
const isOperand = (expr: Expr): boolean =>
  expr.kind !== 'binary' && expr.kind !== 'cond' && expr.kind !== 'range' && expr.kind !== 'unary';

/**
 * Adds an operator and its right side behind an expression, with parentheses where they are needed. `tight`: the
 * expression is the operand of `-`, `!` or `~`, which would take it alone.
 */
function append(expr: Expr, suffix: string, tight: boolean): readonly TextEdit[] {
  const { start, end } = expr.span;
  if (!isOperand(expr)) return [insert(start, '('), insert(end, `)${suffix}`)];
  return tight ? [insert(start, '('), insert(end, `${suffix})`)] : [insert(end, suffix)];
}

/** Adds `as TYPE`. */
export function castFix(expr: Expr, to: Type, tight = false): readonly Fix[] {
  const type = show(to);
  return [{ title: `Convert with 'as ${type}'`, edits: append(expr, ` as ${type}`, tight) }];
}

/** Gives what `expr` names the type that it is needed in, where `at` declares it. */
export function declareFix(at: Span | undefined, expr: Expr, type: Type): readonly Fix[] {
  if (at === undefined) return [];
  return [{ title: `Declare '${textOf(expr)}' as ${show(type)}`, edits: [replace(at, show(type))] }];
}

/** Adds `!= VALUE`. */
export const testFix = (expr: Expr, value: string, tight: boolean): readonly Fix[] => [
  { title: `Compare with ${value}`, edits: append(expr, ` != ${value}`, tight) },
];

/** Gives a bare number a unit. */
export function unitFixes(expr: Expr, value: bigint, to: Type): readonly Fix[] {
  if (expr.kind !== 'int') return [];
  const texts =
    to.kind === 'duration'
      ? value === 0n
        ? ['0ns']
        : ['ns', 'us', 'ms', 's'].map((unit) => `${value}${unit}`)
      : [`${value * 100n}%`];
  return texts.map((text) => ({ title: `Change to ${text}`, edits: [replace(expr.span, text)] }));
}

/** Wraps the statement (for a `let`: and all that follows in its block) in `if let`, so that the value is there. */
export function narrowFix(expr: Expr, statement: Context['statement']): readonly Fix[] {
  const text = textOf(expr);
  if (text === undefined || statement === undefined) return [];
  const { stmt, blockEnd } = statement;
  const name = expr.kind === 'name' ? expr.name.text : 'it';
  const end = stmt.kind === 'let' ? blockEnd : stmt.span.end;
  const inside: TextEdit[] = expr.kind === 'name' ? [] : [replace(expr.span, name)];
  return [
    {
      title: `Do this only where '${text}' is there`,
      edits: [insert(stmt.span.start, `if let ${name} = ${text} {\n`), ...inside, insert(end, '\n}')],
    },
  ];
}
