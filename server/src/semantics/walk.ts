import type { Block, Decl, Expr, Stmt } from '../../../grammar/ast.ts';

/** The expressions directly inside another. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'member':
      return [expr.object];
    case 'index':
      return [expr.object, expr.index];
    case 'call':
      return [expr.callee, ...expr.args.map((arg) => arg.value)];
    case 'unary':
    case 'cast':
      return [expr.operand];
    case 'binary':
      return [expr.left, expr.right];
    case 'cond':
      return [expr.condition, expr.then, expr.otherwise];
    case 'range':
      return [expr.from, expr.to];
    case 'paren':
      return [expr.inner];
    default:
      return [];
  }
}

/** The expressions directly inside a statement, those of its blocks not included. */
export function expressionsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case 'let':
    case 'if-let':
      return [stmt.value];
    case 'assign':
      return [stmt.target, stmt.value];
    case 'if':
      return [stmt.condition];
    case 'match':
      return [stmt.subject, ...stmt.arms.flatMap((arm) => arm.patterns.filter((p) => p.kind !== 'wildcard'))];
    case 'for':
      return stmt.max === undefined ? [stmt.iterable] : [stmt.iterable, stmt.max];
    case 'return':
      return stmt.value === undefined ? [] : [stmt.value];
    case 'defer':
      return [stmt.call];
    case 'log':
      return stmt.parts.filter((part) => typeof part !== 'string');
    case 'expr-stmt':
      return [stmt.expr];
    case 'break':
    case 'continue':
    case 'error-stmt':
      return [];
  }
}

/** The statements directly inside another. */
export function statementsIn(stmt: Stmt): readonly Stmt[] {
  switch (stmt.kind) {
    case 'if':
    case 'if-let': {
      const { otherwise } = stmt;
      const rest = otherwise === undefined ? [] : otherwise.kind === 'block' ? otherwise.stmts : [otherwise];
      return [...stmt.then.stmts, ...rest];
    }
    case 'match':
      return stmt.arms.flatMap((arm) => arm.body.stmts);
    case 'for':
      return stmt.body.stmts;
    default:
      return [];
  }
}

/** Calls `visit` for an expression and all inside it. */
export function eachExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const part of partsOf(expr)) eachExpr(part, visit);
}

/** Calls `visit` for all statements of a block, those inside others too. */
export function eachStmt(block: Block, visit: (stmt: Stmt) => void): void {
  const go = (stmt: Stmt): void => {
    visit(stmt);
    for (const inner of statementsIn(stmt)) go(inner);
  };
  for (const stmt of block.stmts) go(stmt);
}

/** Calls `visit` for all expressions of a block. */
export const eachExprOf = (block: Block, visit: (expr: Expr) => void): void =>
  eachStmt(block, (stmt) => {
    for (const expr of expressionsOf(stmt)) eachExpr(expr, visit);
  });

/** The bodies of all functions, hooks and timers, those of the guest too. */
export function bodiesOf(decls: readonly Decl[]): readonly Block[] {
  return decls.flatMap((decl) => {
    switch (decl.kind) {
      case 'fn':
      case 'hook':
      case 'every':
        return [decl.body];
      case 'guest':
        return bodiesOf(decl.decls);
      default:
        return [];
    }
  });
}
