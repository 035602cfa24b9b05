import type { Expr, IrType } from '../../ir/ir.ts';
import { atMost, LEVEL, type Body, type C } from './body.ts';
import { exprC, exprText, innerOf } from './expressions.ts';
import { literal } from './names.ts';
import { ownerText, threadIds } from './owners.ts';

/** C for `log "…{x}…"`: a line in the kernel's trace_pipe. */
export function logLine(body: Body, parts: readonly (string | Expr)[]): string {
  const printed = parts.map((part) => (typeof part === 'string' ? words(part) : value(body, part)));
  const format = printed.map((part) => part.format).join('');
  const args = printed.flatMap((part) => (part.arg === undefined ? [] : [`, ${part.arg}`]));
  return `bpf_printk(${literal(format)}${args.join('')});`;
}

/** The kernel refuses a format that is not all ASCII, when the line is printed (`bpf_bprintf_prepare()`); arguments may be. */
const words = (text: string): Printed =>
  /^[\x20-\x7E\t\n]*$/.test(text)
    ? { format: text.replaceAll('%', '%%'), arg: undefined }
    : { format: '%s', arg: literal(text) };

interface Printed {
  readonly format: string;
  readonly arg: string | undefined;
}

function value(body: Body, expr: Expr): Printed {
  const inner = innerOf(expr.type);
  if (expr.kind === 'const' && typeof expr.value === 'string') {
    return words(expr.value);
  }
  if (inner.kind === 'string') return { format: '%s', arg: `${exprText(body, expr)}.text` };
  if (inner.kind === 'task') return { format: '%d', arg: threadIds(body, expr).tid };
  if (inner.kind === 'vcpu') return { format: '%u', arg: ownerText(body, 'vcpu', expr) };
  return { format: formatOf(inner), arg: wide(inner, exprC(body, expr)) };
}

function formatOf(type: IrType): string {
  switch (type.kind) {
    case 'bool':
    case 'cpu':
      return '%d';
    case 'vm':
      return '%u';
    case 'int':
      if (type.unit === 'duration') return '%lluns';
      return type.signed ? '%lld' : '%llu';
    default:
      return '%llu';
  }
}

/** The argument as wide as the format says. */
function wide(type: IrType, c: C): string {
  const fits = typeof c.width === 'object' && c.width.bits === 64;
  if (type.kind !== 'int' || fits) return c.text;
  return `(${type.signed ? 's64' : 'u64'})${atMost(c, LEVEL.unary)}`;
}
