import type { Block, Expr, MatchArm, Stmt } from '../../../grammar/ast.ts';

/** A node inside of a body. */
export type Part = Block | Stmt | Expr | MatchArm;

type Visit = (child: Part) => void;

/** Calls `visit` for each node directly below `node`, in the order of the text. Names and types are not visited. */
export function eachChild(node: Part, visit: Visit): void {
  switch (node.kind) {
    case 'block':
      node.stmts.forEach(visit);
      return;
    case 'let':
      visit(node.value);
      return;
    case 'assign':
      visit(node.target);
      visit(node.value);
      return;
    case 'if':
      visit(node.condition);
      branches(node, visit);
      return;
    case 'if-let':
      visit(node.value);
      branches(node, visit);
      return;
    case 'match':
      visit(node.subject);
      node.arms.forEach(visit);
      return;
    case 'match-arm':
      for (const pattern of node.patterns) if (pattern.kind !== 'wildcard') visit(pattern);
      visit(node.body);
      return;
    case 'for':
      visit(node.iterable);
      if (node.max !== undefined) visit(node.max);
      visit(node.body);
      return;
    case 'return':
      if (node.value !== undefined) visit(node.value);
      return;
    case 'defer':
      visit(node.call);
      return;
    case 'log':
      for (const part of node.parts) if (typeof part !== 'string') visit(part);
      return;
    case 'expr-stmt':
      visit(node.expr);
      return;
    case 'break':
    case 'continue':
    case 'error-stmt':
      return;
    default:
      eachOperand(node, visit);
  }
}

function branches(node: Stmt & { readonly kind: 'if' | 'if-let' }, visit: Visit): void {
  visit(node.then);
  if (node.otherwise !== undefined) visit(node.otherwise);
}

function eachOperand(expr: Expr, visit: Visit): void {
  switch (expr.kind) {
    case 'member':
      visit(expr.object);
      return;
    case 'index':
      visit(expr.object);
      visit(expr.index);
      return;
    case 'call':
      visit(expr.callee);
      for (const arg of expr.args) visit(arg.value);
      return;
    case 'unary':
    case 'cast':
      visit(expr.operand);
      return;
    case 'binary':
      visit(expr.left);
      visit(expr.right);
      return;
    case 'cond':
      visit(expr.condition);
      visit(expr.then);
      visit(expr.otherwise);
      return;
    case 'range':
      visit(expr.from);
      visit(expr.to);
      return;
    case 'paren':
      visit(expr.inner);
      return;
    case 'int':
    case 'duration':
    case 'ratio':
    case 'bool':
    case 'none':
    case 'string':
    case 'name':
    case 'metric':
    case 'error':
      return;
  }
}
