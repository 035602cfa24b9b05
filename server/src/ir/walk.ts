import type { Expr, Instance, Place, Side, Source, Stmt } from './ir.ts';

/** What is called for each statement and expression, before what is inside it. */
export interface Visitor {
  readonly stmt?: (stmt: Stmt) => void;
  readonly expr?: (expr: Expr) => void;
}

/** Walks statements and everything inside them, in the order of the text. */
export function walkStmts(stmts: readonly Stmt[], visitor: Visitor): void {
  for (const stmt of stmts) walkStmt(stmt, visitor);
}

/** Walks all code of one side: functions, then handlers. */
export function walkSide(side: Side, visitor: Visitor): void {
  for (const fn of side.functions) walkStmts(fn.body, visitor);
  for (const handler of side.handlers) walkStmts(handler.body, visitor);
}

function walkStmt(stmt: Stmt, visitor: Visitor): void {
  visitor.stmt?.(stmt);
  const expr = (e: Expr | undefined): void => {
    if (e) walkExpr(e, visitor);
  };
  switch (stmt.kind) {
    case 'let':
    case 'let-tuple':
    case 'set':
    case 'expr':
      return expr(stmt.value);
    case 'store':
      expr(stmt.value);
      return walkPlace(stmt.place, visitor);
    case 'count':
      expr(stmt.amount);
      return expr(stmt.entity);
    case 'record':
      expr(stmt.value);
      return expr(stmt.entity);
    case 'collect':
      expr(stmt.value);
      return walkInstance(stmt.instance, visitor);
    case 'if':
    case 'if-some':
      expr(stmt.kind === 'if' ? stmt.condition : stmt.value);
      walkStmts(stmt.then, visitor);
      return walkStmts(stmt.otherwise, visitor);
    case 'match':
      expr(stmt.subject);
      for (const arm of stmt.arms) walkStmts(arm.body, visitor);
      return;
    case 'for-range':
      expr(stmt.from);
      expr(stmt.to);
      return walkStmts(stmt.body, visitor);
    case 'for-each':
      walkSource(stmt.source, visitor);
      return walkStmts(stmt.body, visitor);
    case 'return':
      return expr(stmt.value);
    case 'action':
      for (const arg of stmt.action.args) expr(arg);
      return;
    case 'log':
      for (const part of stmt.parts) if (typeof part !== 'string') expr(part);
      return;
    case 'break':
    case 'continue':
      return;
  }
}

/** Walks an expression and everything inside it. */
export function walkExpr(expr: Expr, visitor: Visitor): void {
  visitor.expr?.(expr);
  const inner = (e: Expr | undefined): void => {
    if (e) walkExpr(e, visitor);
  };
  switch (expr.kind) {
    case 'table':
      return inner(expr.key);
    case 'load':
      return walkPlace(expr.place, visitor);
    case 'load-hint':
      return inner(expr.vcpu);
    case 'counter-value':
      return inner(expr.entity);
    case 'binary':
    case 'logical':
      inner(expr.left);
      return inner(expr.right);
    case 'not':
    case 'complement':
    case 'negate':
    case 'convert':
    case 'some':
    case 'is-some':
      return inner(expr.operand);
    case 'select':
      inner(expr.condition);
      inner(expr.then);
      return inner(expr.otherwise);
    case 'call':
    case 'kernel-call':
    case 'intrinsic':
      for (const arg of expr.args) inner(arg);
      return;
    case 'collection':
      walkInstance(expr.instance, visitor);
      return inner(expr.arg);
    case 'dsq':
      return expr.which.kind === 'local-on' ? inner(expr.which.cpu) : undefined;
    case 'const':
    case 'kernel-const':
    case 'local':
    case 'param':
    case 'none':
      return;
  }
}

function walkInstance(instance: Instance, visitor: Visitor): void {
  if (instance.entity) walkExpr(instance.entity, visitor);
}

function walkPlace(place: Place, visitor: Visitor): void {
  switch (place.kind) {
    case 'state':
      return walkInstance(place.instance, visitor);
    case 'feedback':
      return place.vcpu ? walkExpr(place.vcpu, visitor) : undefined;
    case 'kernel':
      return walkExpr(place.object, visitor);
    case 'hint':
    case 'tunable':
      return;
  }
}

function walkSource(source: Source, visitor: Visitor): void {
  switch (source.kind) {
    case 'cpus':
      return walkExpr(source.mask, visitor);
    case 'vcpus':
      return walkExpr(source.vm, visitor);
    case 'dsq':
      return walkExpr(source.dsq, visitor);
    case 'list':
      return walkInstance(source.instance, visitor);
    case 'vms':
      return;
  }
}
