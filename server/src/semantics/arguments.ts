import type { Arg, CallExpr, Expr, Ident } from '../../../grammar/ast.ts';
import type { Related } from '../diagnostics/diagnostic.ts';
import { closest } from '../diagnostics/suggest.ts';
import { builtinSymbol, report, type Context } from './context.ts';
import { insert, renameFix } from './fixes.ts';
import type { Symbol } from './model.ts';
import { show, type Type } from './types.ts';

/** A parameter of anything that can be called. */
export interface Parameter {
  readonly name: string;
  readonly type: Type;
  /** The argument must be written `name: value`. */
  readonly labelled: boolean;
  readonly required: boolean;
  /** What a label means; absent for callees that are not declared in the policy. */
  readonly symbol?: Symbol | undefined;
}

/** The parameters of a callee, described once for each policy. */
export function parametersOf(
  cx: Context,
  callee: object,
  describe: () => readonly Parameter[],
): readonly Parameter[] {
  const known = cx.parameters.get(callee);
  if (known !== undefined) return known;
  const params = describe();
  cx.parameters.set(callee, params);
  return params;
}

/** Arguments in the order of the parameters, and those that belong to none. */
interface Matched {
  readonly matched: readonly (Expr | undefined)[];
  readonly extra: readonly Expr[];
}

/** Finds the parameter of each argument: by its label, or by its place. */
export function matchArguments(
  cx: Context,
  expr: CallExpr,
  callee: Ident,
  params: readonly Parameter[],
  declared: Related | undefined,
): Matched {
  const inOrder =
    expr.args.length === params.length &&
    expr.args.every((arg, i) => arg.label === undefined && params[i]?.labelled !== true);
  if (inOrder) return { matched: expr.args.map((arg) => arg.value), extra: [] };
  const matched: (Expr | undefined)[] = params.map(() => undefined);
  const extra: Expr[] = [];
  let wrong = false;
  for (const arg of expr.args) {
    const at = arg.label === undefined ? nextFree(matched, params) : byLabel(cx, arg.label, callee, params);
    if (at === undefined || at < 0 || matched[at] !== undefined) {
      wrong ||= at === undefined;
      extra.push(arg.value);
      continue;
    }
    matched[at] = arg.value;
    labelMissing(cx, arg, params[at], callee);
  }
  const absent = params.some((p, i) => p.required && matched[i] === undefined);
  if (!wrong && (absent || extra.length > 0)) {
    report(
      cx,
      'PV3009',
      callee.span,
      { callee: callee.text, wanted: list(params), found: expr.args.length },
      { related: declared === undefined ? [] : [declared] },
    );
  }
  return { matched, extra };
}

function nextFree(matched: readonly (Expr | undefined)[], params: readonly Parameter[]): number {
  const plain = params.findIndex((p, i) => !p.labelled && matched[i] === undefined);
  return plain >= 0 ? plain : params.findIndex((_, i) => matched[i] === undefined);
}

/** Undefined: there is no such parameter, which was reported. */
function byLabel(cx: Context, label: Ident, callee: Ident, params: readonly Parameter[]): number | undefined {
  const at = params.findIndex((p) => p.name === label.text);
  const param = params[at];
  if (param === undefined) {
    const near = closest(
      label.text,
      params.map((p) => p.name),
    );
    report(
      cx,
      'PV2020',
      label.span,
      { name: label.text, near, callee: callee.text },
      { fixes: renameFix(label.span, near) },
    );
    return undefined;
  }
  const { name, type } = param;
  const symbol =
    param.symbol ??
    builtinSymbol(cx, `builtin-name ${callee.text}(${name})`, () => ({
      kind: 'builtin-name',
      name,
      type,
      doc: `The argument '${name}' of ${callee.text}.`,
    }));
  cx.names.set(label, symbol);
  return at;
}

function labelMissing(cx: Context, arg: Arg, param: Parameter | undefined, callee: Ident): void {
  if (param === undefined || !param.labelled || arg.label !== undefined) return;
  report(
    cx,
    'PV3046',
    arg.value.span,
    { name: param.name, callee: callee.text },
    {
      fixes: [{ title: `Write '${param.name}:'`, edits: [insert(arg.value.span.start, `${param.name}: `)] }],
    },
  );
}

function list(params: readonly Parameter[]): string {
  if (params.length === 0) return 'no arguments';
  return `(${params.map((p) => (p.type.kind === 'error' ? p.name : `${p.name}: ${show(p.type)}`)).join(', ')})`;
}
