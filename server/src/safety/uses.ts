import type { Block, CallExpr, DeferStmt, DsqDecl, Expr, FnDecl, Ident } from '../../../grammar/ast.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { ActionInfo } from '../semantics/actions.ts';
import type { Model, ResolvedCall } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';

/** Something that a body does and that not every hook may do. */
export type Use =
  /** A kfunc or helper; `name` as it is written. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly span: Span;
      /** Arguments in the order of the parameters; none where the checker refused the call. */
      readonly args: ResolvedCall['args'];
    }
  | {
      readonly kind: 'action';
      readonly action: ActionInfo;
      readonly deferred: boolean;
      /** Of the whole call, before which the quick fix inserts `defer`. */
      readonly span: Span;
      readonly args: ResolvedCall['args'];
    }
  /** `for t in DSQ` */
  | { readonly kind: 'dsq-walk'; readonly span: Span; readonly queue: Expr }
  /** The name of a queue, wherever it stands. */
  | {
      readonly kind: 'dsq';
      readonly decl: DsqDecl;
      readonly order: 'fifo' | 'vtime';
      readonly name: Expr;
      readonly span: Span;
    }
  /** A task is put into state: a list, a ring, a field. */
  | { readonly kind: 'keep'; readonly span: Span }
  | { readonly kind: 'log'; readonly span: Span }
  | {
      readonly kind: 'write';
      readonly struct: string;
      readonly field: string;
      readonly span: Span;
    }
  /** A kernel constant or a field of a kernel struct, which some kernel may lack. */
  | { readonly kind: 'constant'; readonly name: string; readonly span: Span }
  | { readonly kind: 'field'; readonly struct: string; readonly field: string; readonly span: Span }
  | { readonly kind: 'fn'; readonly decl: FnDecl; readonly span: Span };

/** What a body does itself, in the order of the text; `fn` stands for what the called function does. */
export function usesOf(body: Block, model: Model): readonly Use[] {
  const uses: Use[] = [];
  collect(body, model, uses, undefined);
  return uses;
}

/** Types of values by which a task can be found again. */
const KEPT: ReadonlySet<string> = new Set(['task', 'vcpu', 'optional']);

function collect(node: Part, model: Model, uses: Use[], defer: DeferStmt | undefined): void {
  addUses(node, model, uses, defer);
  const within = node.kind === 'defer' ? node : defer;
  eachChild(node, (child) => {
    // Only the deferred call itself runs later; its arguments are computed in the hook.
    const runsLater = within !== undefined && (child === within.call || node.kind === 'paren');
    collect(child, model, uses, runsLater ? within : undefined);
  });
}

function addUses(node: Part, model: Model, uses: Use[], defer: DeferStmt | undefined): void {
  switch (node.kind) {
    case 'call':
      addCall(node, model, uses, defer !== undefined);
      return;
    case 'for':
      if (model.types.get(node.iterable)?.kind === 'dsq')
        uses.push({ kind: 'dsq-walk', span: node.iterable.span, queue: node.iterable });
      return;
    case 'log':
      uses.push({ kind: 'log', span: node.span });
      return;
    case 'assign':
      if (node.target.kind === 'member') addWrite(node.target.member, model, uses);
      if (KEPT.has(model.types.get(node.value)?.kind ?? '')) uses.push({ kind: 'keep', span: node.span });
      return;
    case 'member':
      addField(node.member, model, uses);
      return;
    case 'name': {
      const symbol = model.names.get(node.name);
      if (symbol?.kind === 'kernel-constant')
        uses.push({ kind: 'constant', name: symbol.constant.name, span: node.span });
      if (symbol?.kind === 'dsq')
        uses.push({ kind: 'dsq', decl: symbol.decl, order: symbol.order, name: node, span: node.span });
      return;
    }
    default:
      return;
  }
}

function addCall(call: CallExpr, model: Model, uses: Use[], deferred: boolean): void {
  const resolved = model.calls.get(call);
  // A call that policies cannot make is judged all the same: what it would do is worth knowing.
  const symbol = call.callee.kind === 'name' ? model.names.get(call.callee.name) : undefined;
  const callee = resolved?.callee ?? (symbol?.kind === 'callable' ? symbol.callee : undefined);
  const args = resolved?.args ?? [];
  switch (callee?.kind) {
    case 'kernel':
      uses.push({ kind: 'call', name: callee.call.name, span: call.callee.span, args });
      return;
    case 'action':
      uses.push({ kind: 'action', action: callee.action, deferred, span: call.span, args });
      return;
    case 'fn':
      uses.push({ kind: 'fn', decl: callee.decl, span: call.callee.span });
      return;
    case 'builtin':
      if (callee.builtin.name === 'push') uses.push({ kind: 'keep', span: call.span });
      return;
    case undefined:
      return;
  }
}

function addWrite(member: Ident, model: Model, uses: Use[]): void {
  const symbol = model.names.get(member);
  if (symbol?.kind === 'kernel-field')
    uses.push({ kind: 'write', struct: symbol.struct, field: symbol.field.name, span: member.span });
}

function addField(member: Ident, model: Model, uses: Use[]): void {
  const symbol = model.names.get(member);
  if (symbol?.kind === 'kernel-field')
    uses.push({ kind: 'field', struct: symbol.struct, field: symbol.field.name, span: member.span });
}
