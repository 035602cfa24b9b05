import type { AssignStmt, Block, CallExpr, Expr, Field, FnDecl } from '../../../grammar/ast.ts';
import type { Diagnostic, Fix, Span, TextEdit } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { KernelSelection } from '../kernel/profiles.ts';
import { textOf } from '../semantics/fixes.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { eachChild, type Part } from './children.ts';
import { contextOf, titleOf, type HookContext } from './context.ts';

/** A change of state that takes more than one step: what comes in between is lost, or half of it is. */
interface Change {
  readonly field: Field;
  readonly span: Span;
  /** `x += 1`: it is one step, which only others can undo. */
  readonly atomic: boolean;
  /** Makes one step of it, where that can be written. */
  readonly edit: TextEdit | undefined;
}

interface Changing {
  readonly handler: HandlerModel;
  readonly context: HookContext;
  readonly changes: readonly Change[];
}

/** State that a hook changes in several steps while another, which may interrupt it on the same CPU, does so too. */
export function checkSharing(
  model: Model,
  kernels: KernelSelection,
  known: KnownChanges = new WeakMap(),
): readonly Diagnostic[] {
  const changing = model.handlers.flatMap((handler): readonly Changing[] => {
    const context = handler.side === 'host' ? contextOf(handler, model.target, kernels) : undefined;
    const changes = context === undefined ? [] : changesFrom(handler, model, known);
    return context === undefined || changes.length === 0 ? [] : [{ handler, context, changes }];
  });
  return changing.flatMap((inner) =>
    changing.flatMap((outer) =>
      inner === outer || !interrupts(inner.context, outer.context) ? [] : shared(inner, outer),
    ),
  );
}

function shared(inner: Changing, outer: Changing): readonly Diagnostic[] {
  const seen = new Set<Field>();
  return inner.changes.flatMap(({ field, span }) => {
    const others = outer.changes.filter((change) => change.field === field && !change.atomic);
    const [other] = others;
    if (other === undefined || seen.has(field)) return [];
    seen.add(field);
    const fixes = inOneStep([...inner.changes.filter((change) => change.field === field), ...others]);
    const args = { field: field.name.text, inner: hookOf(inner), outer: hookOf(outer) };
    const related = [{ message: `'${args.outer}' is in the middle of this change`, span: other.span }];
    return [diagnostic('PV4030', span, args, { related, fixes })];
  });
}

/** Writes each of the changes as one step, where all of them can be. */
function inOneStep(changes: readonly Change[]): readonly Fix[] {
  const several = changes.filter(({ atomic }) => !atomic);
  const edits = new Map(
    several.flatMap(({ edit }) => (edit === undefined ? [] : [[edit.span.start, edit] as const])),
  );
  return several.some(({ edit }) => edit === undefined)
    ? []
    : [{ title: 'Change it in one step', edits: [...edits.values()] }];
}

const hookOf = ({ handler, context }: Changing): string =>
  handler.hook === undefined ? context.title : titleOf(handler.hook);

/** Contexts from the one that everything interrupts to the one that nothing does. */
const RANKS = ['task', 'softirq', 'hardirq', 'nmi'] as const;

/** `every` runs in a soft interrupt; what the loader runs is interrupted by nothing that matters. */
function ranks({ row, kind }: HookContext): { readonly low: number; readonly high: number } {
  if (row === undefined) return kind === 'timer' ? { low: 1, high: 1 } : { low: 3, high: 0 };
  const found = RANKS.flatMap((rank, i) => (row.contexts.split(' ').includes(rank) ? [i] : []));
  return { low: Math.min(...found), high: Math.max(...found) };
}

/**
 * May a program of `inner` run in the middle of one of `outer`, on its CPU? An NMI always may; an interrupt where interrupts
 * may be on. A hook that may run in any context interrupts itself as well, but then the kernel skips the program.
 */
function interrupts(inner: HookContext, outer: HookContext): boolean {
  const { high } = ranks(inner);
  const { low } = ranks(outer);
  if (high <= low) return false;
  return high === RANKS.indexOf('nmi') || outer.row?.irqs !== 'disabled';
}

/** What a body does itself: its changes, and the functions that it calls. */
interface OwnChanges {
  readonly changes: readonly Change[];
  readonly called: readonly FnDecl[];
}

/** Of bodies that were looked at before. */
export type KnownChanges = WeakMap<Block, OwnChanges>;

/** Changes of state in several steps that the handler makes, itself or by functions. */
function changesFrom({ decl }: HandlerModel, model: Model, known: KnownChanges): readonly Change[] {
  const bodies = new Set<Block>([decl.body]);
  const found: Change[] = [];
  for (const body of bodies) {
    const own = known.get(body) ?? changesIn(body, model);
    known.set(body, own);
    found.push(...own.changes);
    for (const fn of own.called) bodies.add(fn.body);
  }
  return found;
}

function changesIn(body: Block, model: Model): OwnChanges {
  const changes: Change[] = [];
  const called: FnDecl[] = [];
  const visit = (node: Part): void => {
    if (node.kind === 'assign') changes.push(...readAndWritten(node, model));
    if (node.kind === 'call') {
      changes.push(...ofCollection(node, model));
      const callee = model.calls.get(node)?.callee;
      if (callee?.kind === 'fn') called.push(callee.decl);
    }
    eachChild(node, visit);
  };
  visit(body);
  return { changes, called };
}

/** `x = x + 1`: another's change in between is lost. `x += 1` is one step, and a store of something else loses nothing. */
function readAndWritten({ op, target, value, span }: AssignStmt, model: Model): readonly Change[] {
  const field = fieldOf(target, model);
  if (field === undefined) return [];
  if (op !== '=') return [{ field, span, atomic: true, edit: undefined }];
  if (!reads(value, target, model)) return [];
  return [{ field, span, atomic: false, edit: oneStep(target, value, span, model) }];
}

/** Operators that change state in one step. */
const STEPS: ReadonlySet<string> = new Set(['+', '-', '|', '&']);

/** `x = x + y` as `x += y`. */
function oneStep(target: Expr, value: Expr, span: Span, model: Model): TextEdit | undefined {
  if (value.kind !== 'binary' || !STEPS.has(value.op)) return undefined;
  const [name, operand] = [textOf(target), textOf(value.right)];
  if (name === undefined || operand === undefined || textOf(value.left) !== name) return undefined;
  return reads(value.right, target, model) ? undefined : { span, newText: `${name} ${value.op}= ${operand}` };
}

/** Is the field that `target` is read in the expression? */
function reads(node: Part, target: Expr, model: Model): boolean {
  if (fieldOf(node, model) === fieldOf(target, model)) return true;
  let found = false;
  eachChild(node, (child) => (found ||= reads(child, target, model)));
  return found;
}

const MUTATORS: ReadonlySet<string> = new Set(['push', 'remove', 'clear', 'update']);

/** `list.push(x)`: a length and a slot. */
function ofCollection(call: CallExpr, model: Model): readonly Change[] {
  const resolved = model.calls.get(call);
  if (resolved?.callee.kind !== 'builtin' || !MUTATORS.has(resolved.callee.builtin.name)) return [];
  const field = resolved.receiver && fieldOf(resolved.receiver, model);
  return field === undefined ? [] : [{ field, span: call.span, atomic: false, edit: undefined }];
}

function fieldOf(node: Part, model: Model): Field | undefined {
  const name = node.kind === 'name' ? node.name : node.kind === 'member' ? node.member : undefined;
  const symbol = name && model.names.get(name);
  return symbol?.kind === 'state-field' ? symbol.decl : undefined;
}
