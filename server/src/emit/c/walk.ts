import type { Action, Expr, Fn, Instance, Place, Program, Side, Source, Stmt } from '../../ir/ir.ts';

/** Calls `visit` for every statement of `body`, outer ones first. */
export function forEachStmt(body: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    visit(stmt);
    for (const block of blocksOf(stmt)) forEachStmt(block, visit);
  }
}

/** The blocks inside a statement. */
export function blocksOf(stmt: Stmt): readonly (readonly Stmt[])[] {
  switch (stmt.kind) {
    case 'if':
    case 'if-some':
      return [stmt.then, stmt.otherwise];
    case 'match':
      return stmt.arms.map((arm) => arm.body);
    case 'for-range':
    case 'for-each':
      return [stmt.body];
    default:
      return [];
  }
}

/** Calls `visit` for every expression of `body`, outer ones first. */
export function forEachExpr(body: readonly Stmt[], visit: (expr: Expr) => void): void {
  forEachStmt(body, (stmt) => {
    for (const expr of exprsOf(stmt)) walkExpr(expr, visit);
  });
}

export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const operand of operandsOf(expr)) walkExpr(operand, visit);
}

const some = (...exprs: readonly (Expr | undefined)[]): Expr[] =>
  exprs.filter((expr): expr is Expr => expr !== undefined);

/** Does the expression do something, beside having a value? */
export function acts(value: Expr): boolean {
  let found = false;
  walkExpr(value, ({ kind }) => (found ||= kind === 'call' || kind === 'kernel-call'));
  return found;
}

/** Expressions of the statement itself, not of its blocks. */
export function exprsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case 'let':
    case 'let-tuple':
    case 'set':
    case 'if-some':
    case 'expr':
      return [stmt.value];
    case 'store':
      return [...placeExprs(stmt.place), stmt.value];
    case 'count':
      return some(stmt.entity, stmt.amount);
    case 'record':
      return some(stmt.entity, stmt.value);
    case 'collect':
      return some(stmt.instance.entity, stmt.value);
    case 'if':
      return [stmt.condition];
    case 'match':
      return [stmt.subject];
    case 'for-range':
      return [stmt.from, stmt.to];
    case 'for-each':
      return sourceExprs(stmt.source);
    case 'return':
      return some(stmt.value);
    case 'action':
      return stmt.action.args;
    case 'log':
      return stmt.parts.filter((part) => typeof part !== 'string');
    case 'break':
    case 'continue':
      return [];
  }
}

function sourceExprs(source: Source): readonly Expr[] {
  switch (source.kind) {
    case 'cpus':
      return [source.mask];
    case 'vcpus':
      return [source.vm];
    case 'dsq':
      return [source.dsq];
    case 'list':
      return some(source.instance.entity);
    case 'vms':
      return [];
  }
}

function placeExprs(place: Place): readonly Expr[] {
  switch (place.kind) {
    case 'state':
      return some(place.instance.entity);
    case 'kernel':
      return [place.object];
    case 'feedback':
      return some(place.vcpu);
    case 'hint':
    case 'tunable':
      return [];
  }
}

export function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'table':
      return [expr.key];
    case 'load':
      return placeExprs(expr.place);
    case 'load-hint':
      return [expr.vcpu];
    case 'counter-value':
      return some(expr.entity);
    case 'binary':
    case 'logical':
      return [expr.left, expr.right];
    case 'not':
    case 'complement':
    case 'negate':
    case 'convert':
    case 'some':
    case 'is-some':
      return [expr.operand];
    case 'select':
      return [expr.condition, expr.then, expr.otherwise];
    case 'call':
    case 'kernel-call':
    case 'intrinsic':
      return expr.args;
    case 'collection':
      return some(expr.instance.entity, expr.arg);
    case 'dsq':
      return expr.which.kind === 'local-on' ? [expr.which.cpu] : [];
    case 'const':
    case 'kernel-const':
    case 'local':
    case 'param':
    case 'none':
      return [];
  }
}

/** How often the code names the state of an entity, by `instanceKey`. */
export function instanceUses(code: readonly Stmt[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const add = (instance: Instance): void => {
    const key = instanceKey(instance);
    uses.set(key, (uses.get(key) ?? 0) + 1);
  };
  forEachStmt(code, (stmt) => {
    if (stmt.kind === 'store' && stmt.place.kind === 'state') add(stmt.place.instance);
    if (stmt.kind === 'collect') add(stmt.instance);
    if (stmt.kind !== 'for-each') return;
    if (stmt.source.kind === 'list') add(stmt.source.instance);
    if (stmt.source.kind === 'vcpus') add({ scope: 'vm', entity: stmt.source.vm });
  });
  forEachExpr(code, (expr) => {
    if (expr.kind === 'load' && expr.place.kind === 'state') add(expr.place.instance);
    if (expr.kind === 'collection') add(expr.instance);
  });
  return uses;
}

/** A text that is equal for the state of equal entities. */
export const instanceKey = ({ scope, entity }: Instance): string => `${scope} ${entityKey(entity)}`;

/** A text that is equal for equal entities, to fetch what is kept of them once. */
export function entityKey(entity: Expr | undefined): string {
  switch (entity?.kind) {
    case undefined:
      return '';
    case 'local':
      return `#${entity.local.id}`;
    case 'const':
      return `${entity.value}`;
    case 'param':
      return entity.name;
    case 'intrinsic':
      return `${entity.name}(${entity.args.map(entityKey).join()})`;
    default:
      return `@${entity?.span.start}`;
  }
}

/** Every body of a side. */
export const bodiesOf = (side: Side): readonly (readonly Stmt[])[] => [
  ...side.functions.map((fn) => fn.body),
  ...side.handlers.map((handler) => handler.body),
];

/** Functions that some handler reaches, in the order of the policy but each after those that it calls. */
export function reachable(side: Side): readonly Fn[] {
  const byName = new Map(side.functions.map((fn) => [fn.name, fn]));
  const done = new Set<Fn>();
  const visit = (body: readonly Stmt[]): void =>
    forEachExpr(body, (expr) => {
      const fn = expr.kind === 'call' ? byName.get(expr.fn) : undefined;
      if (fn === undefined || done.has(fn)) return;
      visit(fn.body);
      done.add(fn);
    });
  for (const handler of side.handlers) visit(handler.body);
  return [...done];
}

/** Actions that the code asks for, each name once, with one that asks for it. */
export function actionsOf(side: Side): ReadonlyMap<string, Action> {
  const found = new Map<string, Action>();
  for (const body of bodiesOf(side)) {
    forEachStmt(body, (stmt) => {
      if (stmt.kind === 'action' && !found.has(stmt.action.name)) found.set(stmt.action.name, stmt.action);
    });
  }
  return found;
}

/** Fields that several CPUs update in one step, as 'scope.field': of the side's state, and of pages whichever side writes them. */
export function atomicFields(
  { host, guest }: Pick<Program, 'host' | 'guest'>,
  side: Side,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const each of guest ? [host, guest] : [host])
    for (const body of bodiesOf(each))
      forEachStmt(body, (stmt) => {
        if (stmt.kind !== 'store' || !stmt.atomic || stmt.op === 'set') return;
        const { place } = stmt;
        if (place.kind === 'state' && each === side) found.add(fieldKey(place.instance, place.field));
        if (place.kind === 'hint' || place.kind === 'feedback') found.add(`${place.kind}.${place.field}`);
      });
  return found;
}

export const fieldKey = (instance: Pick<Instance, 'scope'>, field: string): string =>
  `${instance.scope}.${field}`;

/** The largest `max` of a loop over the vCPUs of a VM; 0 without one. */
export const mostVcpus = (side: Side): number => mostOf(side, 'vcpus');

/** The same of loops over VMs. */
export const mostVms = (side: Side): number => mostOf(side, 'vms');

function mostOf(side: Side, kind: Source['kind']): number {
  let most = 0;
  for (const body of bodiesOf(side)) {
    forEachStmt(body, (stmt) => {
      if (stmt.kind === 'for-each' && stmt.source.kind === kind) most = Math.max(most, Number(stmt.max));
    });
  }
  return most;
}
