import type { Block, CallExpr, Expr, FnDecl, Stmt } from '../../../grammar/ast.ts';
import type { Model, ResolvedCall } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';

/** A condition on the way to a call; `holds`: as it stands, else its opposite. */
export interface Guard {
  readonly condition: Expr;
  readonly holds: boolean;
  /** Of `if let`: it asks whether there is a value at all. */
  readonly narrows: boolean;
}

export interface GuardedCall {
  readonly call: CallExpr;
  readonly resolved: ResolvedCall;
  readonly guards: readonly Guard[];
}

/** Ways that are told apart; a policy with more is not judged by its conditions. */
const MOST_WAYS = 2000;

/** The calls that a body makes, itself or by functions, each with every condition on the way to it. */
export class Guards {
  private readonly model: Model;
  private readonly wanted: (resolved: ResolvedCall) => boolean;
  private readonly matter = new Map<FnDecl, boolean>();

  /** Looks for the calls that `wanted` accepts. */
  constructor(model: Model, wanted: (resolved: ResolvedCall) => boolean) {
    this.model = model;
    this.wanted = wanted;
  }

  /** In the order of the text; undefined where there are too many ways. */
  of(body: Block): readonly GuardedCall[] | undefined {
    const found: GuardedCall[] = [];
    this.visit(body, [], found);
    return found.length > MOST_WAYS ? undefined : found;
  }

  private visit(node: Part, guards: readonly Guard[], found: GuardedCall[]): void {
    if (found.length > MOST_WAYS) return;
    switch (node.kind) {
      case 'block':
        this.block(node, guards, found);
        return;
      case 'if':
        this.visit(node.condition, guards, found);
        this.visit(node.then, under(guards, node.condition, true), found);
        if (node.otherwise) this.visit(node.otherwise, under(guards, node.condition, false), found);
        return;
      case 'if-let':
        this.visit(node.value, guards, found);
        this.visit(node.then, under(guards, node.value, true, true), found);
        if (node.otherwise) this.visit(node.otherwise, under(guards, node.value, false, true), found);
        return;
      case 'match':
        this.visit(node.subject, guards, found);
        for (const arm of node.arms) this.visit(arm.body, under(guards, node.subject, true), found);
        return;
      case 'cond':
        this.visit(node.condition, guards, found);
        this.visit(node.then, under(guards, node.condition, true), found);
        this.visit(node.otherwise, under(guards, node.condition, false), found);
        return;
      case 'binary':
        this.visit(node.left, guards, found);
        this.visit(
          node.right,
          node.op === '&&' || node.op === '||' ? under(guards, node.left, node.op === '&&') : guards,
          found,
        );
        return;
      case 'call':
        eachChild(node, (child) => this.visit(child, guards, found));
        this.call(node, guards, found);
        return;
      default:
        eachChild(node, (child) => this.visit(child, guards, found));
    }
  }

  /** What follows a branch that leaves the block is reached where its condition did not hold. */
  private block(block: Block, guards: readonly Guard[], found: GuardedCall[]): void {
    let here = guards;
    for (const stmt of block.stmts) {
      this.visit(stmt, here, found);
      if (stmt.kind === 'if' && leaves(stmt.then)) here = under(here, stmt.condition, false);
      if (stmt.kind === 'if-let' && leaves(stmt.then)) here = under(here, stmt.value, false, true);
      if (stmt.kind === 'if-let' && stmt.otherwise !== undefined && leaves(stmt.otherwise))
        here = under(here, stmt.value, true, true);
      if (stmt.kind === 'match') here = under(here, stmt.subject, true);
    }
  }

  private call(call: CallExpr, guards: readonly Guard[], found: GuardedCall[]): void {
    const resolved = this.model.calls.get(call);
    if (resolved === undefined) return;
    if (this.wanted(resolved)) found.push({ call, resolved, guards });
    const { callee } = resolved;
    if (callee.kind === 'fn' && this.matters(callee.decl)) this.visit(callee.decl.body, guards, found);
  }

  private matters(fn: FnDecl): boolean {
    const known = this.matter.get(fn);
    if (known !== undefined) return known;
    // Recursion is reported by the checker; it must only come to an end here.
    this.matter.set(fn, false);
    const look = (node: Part): boolean => {
      const resolved = node.kind === 'call' ? this.model.calls.get(node) : undefined;
      if (resolved !== undefined && this.wanted(resolved)) return true;
      if (resolved?.callee.kind === 'fn' && this.matters(resolved.callee.decl)) return true;
      let found = false;
      eachChild(node, (child) => (found ||= look(child)));
      return found;
    };
    const found = look(fn.body);
    this.matter.set(fn, found);
    return found;
  }
}

const under = (
  guards: readonly Guard[],
  condition: Expr,
  holds: boolean,
  narrows = false,
): readonly Guard[] => [...guards, { condition, holds, narrows }];

function leaves(part: Block | Stmt): boolean {
  const last = part.kind === 'block' ? part.stmts.at(-1) : part;
  return last?.kind === 'return' || last?.kind === 'break' || last?.kind === 'continue';
}
