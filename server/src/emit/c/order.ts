import type { Expr, Fn, IrType, Local, Program, Side, Stmt } from '../../ir/ir.ts';
import { mapBlocks, mapExprs, mapOperands } from '../../ir/map.ts';
import { consequenceOf } from '../../kernel/effects.ts';
import { cleanupKind } from './references.ts';
import { isMade } from './mask-kinds.ts';
import { exprsOf, forEachExpr, forEachStmt, operandsOf, walkExpr } from './walk.ts';

/*
 * C makes sets of CPUs, and takes references, before the statement that needs them: whatever else the statement does, and also
 * where it would not come to them. That is another order than the policy's where a call within changes something: an idle CPU that
 * is claimed for the sake of a set in the untaken half of a condition stays claimed. Such statements are taken apart here, into values in the
 * order and under the conditions of the policy; what is left of them changes nothing.
 */

const WRITES: ReadonlySet<Stmt['kind']> = new Set(['store', 'count', 'record', 'collect', 'action', 'log']);

/** What comes of an expression itself, its operands aside: may it be computed earlier, or in vain? */
type Consequence = ReturnType<typeof consequenceOf>;
type Consequences = (expr: Expr) => Consequence;

function consequencesIn(functions: readonly Fn[]): Consequences {
  const known = new Map<string, Consequence>();
  const ofFunction = (name: string): Consequence => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const body = functions.find((fn) => fn.name === name)?.body ?? [];
    let found: Consequence = 'none';
    const add = (one: Consequence): void => void (found = one === 'none' || found === 'change' ? found : one);
    forEachStmt(body, ({ kind }) => add(WRITES.has(kind) ? 'change' : 'none'));
    forEachExpr(body, (expr) => add(consequence(expr)));
    known.set(name, found);
    return found;
  };
  const consequence: Consequences = (expr) => {
    if (expr.kind === 'call') return ofFunction(expr.fn);
    if (expr.kind === 'kernel-call') return consequenceOf(expr.call.name);
    return expr.kind === 'intrinsic' && expr.name === 'dsq-len' && !expr.args.every(isAlwaysThere)
      ? consequenceOf('scx_bpf_dsq_nr_queued')
      : 'none';
  };
  return consequence;
}

/** A queue that there is, whatever CPU may be asked for. */
const isAlwaysThere = (dsq: Expr): boolean => dsq.kind === 'dsq' && dsq.which.kind !== 'local-on';

/** Does C compute it before the statement? */
const isHoisted = (expr: Expr): boolean =>
  isMade(expr) || (expr.kind === 'kernel-call' && cleanupKind(expr.call.name) !== undefined);

/** Can what it is be changed by a call, its operands aside? */
function isFickleItself(expr: Expr): boolean {
  if (expr.kind === 'load')
    return expr.place.kind !== 'kernel' || /^scx\.(?:slice|dsq_vtime)$/.test(expr.place.path.join('.'));
  if (expr.kind === 'intrinsic') return expr.name === 'dsq-len';
  return FICKLE.has(expr.kind);
}

const FICKLE: ReadonlySet<Expr['kind']> = new Set(['call', 'kernel-call', 'collection', 'counter-value']);

function isFickle(expr: Expr): boolean {
  let found = false;
  walkExpr(expr, (part) => (found ||= isFickleItself(part)));
  return found;
}

/** Operands that C fetches before the statement: whose state it is, the CPU that is looked for in a set. */
function isFetched({ kind }: Expr, of: Expr): boolean {
  if (kind === 'local' || kind === 'const' || kind === 'param') return false;
  if (of.kind === 'intrinsic') return of.name === 'mask-has';
  return (
    of.kind === 'load' || of.kind === 'collection' || of.kind === 'counter-value' || of.kind === 'load-hint'
  );
}

/** Operands that the policy does not come to each time. */
const isConditional = (operand: Expr, of: Expr): boolean =>
  (of.kind === 'logical' && operand === of.right) || (of.kind === 'select' && operand !== of.condition);

/** Would something be changed earlier or more often in C than it says, be looked at before it is changed, or the scheduler be ended in vain? */
function isOutOfOrder(stmt: Stmt, consequence: Consequences): boolean {
  let changed = false;
  let found = false;
  const visit = (expr: Expr, before: boolean, perhaps: boolean): void => {
    const hoisted = isHoisted(expr);
    found ||= changed && hoisted && isFickle(expr);
    for (const operand of operandsOf(expr)) {
      const first = before || hoisted || isFetched(operand, expr);
      visit(operand, first, perhaps || isConditional(operand, expr));
    }
    const itself = consequence(expr);
    if (itself === 'none') return;
    found ||= perhaps && (before || hoisted);
    if (itself === 'end') return;
    found ||= before;
    changed = true;
  };
  for (const expr of exprsOf(stmt)) visit(expr, false, false);
  return found;
}

/** The program with code that C computes in the order of the policy. */
export const inOrder = (program: Program): Program => ({
  ...program,
  host: ordered(program.host),
  guest: program.guest && ordered(program.guest),
});

function ordered(side: Side): Side {
  const consequence = consequencesIn(side.functions);
  const rewrite = <Code extends { readonly body: readonly Stmt[]; readonly locals: number }>(
    code: Code,
  ): Code => {
    let { locals } = code;
    const fresh = (name: string, type: IrType): Local => ({ id: locals++, name, type });
    const rewritten = (body: readonly Stmt[]): readonly Stmt[] =>
      body.flatMap((stmt) => {
        const inner = mapBlocks(stmt, rewritten);
        return isOutOfOrder(stmt, consequence) ? takenApart(inner, fresh) : [inner];
      });
    const body = rewritten(code.body);
    return locals === code.locals ? code : { ...code, body, locals };
  };
  return { functions: side.functions.map(rewrite), handlers: side.handlers.map(rewrite) };
}

type Fresh = (name: string, type: IrType) => Local;

/** Types of values that can be kept in a variable until they are needed. */
const isKept = (type: IrType): boolean =>
  type.kind === 'optional' ? type.inner.kind === 'cpu' : ['int', 'bool', 'cpu'].includes(type.kind);

/** The statement, after others that compute what it needs. */
function takenApart(stmt: Stmt, fresh: Fresh): Stmt[] {
  const { span } = stmt;
  const outside: Stmt[] = [];
  let now = outside;
  const read = (local: Local): Expr => ({ kind: 'local', local, type: local.type, span });
  const set = (local: Local, value: Expr): void => void now.push({ kind: 'set', local, value, span });
  /** A variable that outlives the block at hand. */
  const variable = (name: string, type: IrType, value?: Expr): Local => {
    const local = fresh(name, type);
    const inside = value !== undefined && now !== outside;
    outside.push({ kind: 'let', local, value: (inside ? undefined : value) ?? zero(type, span), span });
    if (inside) set(local, value);
    return local;
  };
  const within = (print: () => void): Stmt[] => {
    const outer = now;
    const block: Stmt[] = [];
    now = block;
    print();
    now = outer;
    return block;
  };
  const choose = (condition: Expr, first: () => void, second: () => void): void => {
    const [then, otherwise] = [within(first), within(second)];
    if (then.length + otherwise.length > 0) now.push({ kind: 'if', condition, then, otherwise, span });
  };
  const either = (expr: Expr & { kind: 'select' }): Expr => {
    const condition = take(expr.condition);
    let { then, otherwise } = expr;
    if (!isKept(expr.type)) {
      // One of two sets: what they are made of is known, both are to be had.
      choose(
        condition,
        () => (then = take(then)),
        () => (otherwise = take(otherwise)),
      );
      return { ...expr, condition, then, otherwise };
    }
    const local = variable('chosen', expr.type);
    choose(
      condition,
      () => set(local, compute(then)),
      () => set(local, compute(otherwise)),
    );
    return read(local);
  };
  const both = (expr: Expr & { kind: 'logical' }): Expr => {
    const local = variable('holds', expr.type, compute(expr.left));
    const right = (): void => set(local, compute(expr.right));
    const nothing = (): void => undefined;
    choose(read(local), expr.op === 'and' ? right : nothing, expr.op === 'and' ? nothing : right);
    return read(local);
  };
  /** The expression, to be used at once. */
  const compute = (expr: Expr): Expr => {
    if (expr.kind === 'select') return either(expr);
    return expr.kind === 'logical' ? both(expr) : mapOperands(expr, take);
  };
  /** The expression, to be used after what comes between. */
  const take = (expr: Expr): Expr => {
    const value = compute(expr);
    const lasts = !isFickleItself(value) && !operandsOf(value).some(isHoisted);
    return lasts || !isKept(value.type) ? value : read(variable('found', value.type, value));
  };
  // What a statement with one expression does comes last.
  const last = mapExprs(stmt, exprsOf(stmt).length === 1 ? compute : take);
  return [...outside, last];
}

function zero(type: IrType, span: Stmt['span']): Expr {
  if (type.kind === 'optional') return { kind: 'none', type, span };
  return { kind: 'const', value: type.kind === 'bool' ? false : 0n, type, span };
}
