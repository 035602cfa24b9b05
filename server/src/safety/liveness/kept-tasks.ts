import type { Expr, Field } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { inOp } from '../rewrites.ts';
import { DISPATCH_ROOM } from './dispatch-buffer.ts';

/** Tasks of the hook in a list, ring or field are kept; reading it anywhere may bring them back. */
export function checkKeptTasks(model: Model): readonly Diagnostic[] {
  const kept = new Map<Field, Span>();
  const read = new Set<Field>();
  const enqueue = model.handlers.find(({ hook }) => hook?.family === 'op' && hook.name === 'enqueue');
  if (enqueue === undefined) return [];
  const visit = (node: Part): void => {
    const target = keptIn(node, model);
    if (target !== undefined) {
      const field = fieldOf(target, model);
      if (field !== undefined && !kept.has(field)) kept.set(field, node.span);
      eachChild(node, (child) => {
        if (child !== target && !(child.kind === 'member' && child.object === target)) visit(child);
      });
      return;
    }
    if (isAboutAll(node, model)) return;
    const field = fieldOf(node, model);
    if (field !== undefined) read.add(field);
    eachChild(node, visit);
  };
  for (const { decl } of model.handlers) visit(decl.body);
  for (const { body } of model.functions) visit(body);
  return [...kept].flatMap(([field, span]) =>
    read.has(field)
      ? []
      : [diagnostic('PV5021', span, { list: field.name.text }, { fixes: dispatchAll(field, model) })],
  );
}

const KEPT: ReadonlySet<string> = new Set(['task', 'vcpu']);

/** `held.len`, `held.clear()`: takes no task out of the list. */
function isAboutAll(node: Part, model: Model): boolean {
  const isList = (expr: Expr): boolean => ['list', 'ring'].includes(model.types.get(expr)?.kind ?? '');
  if (node.kind === 'member') return node.member.text === 'len' && isList(node.object);
  if (node.kind !== 'call' || node.callee.kind !== 'member') return false;
  return node.callee.member.text === 'clear' && isList(node.callee.object);
}

/** Dispatches what is in the list, where each CPU has its own and it is no longer than `dispatch` can hold. */
function dispatchAll(field: Field, model: Model): readonly Fix[] {
  const name = field.name.text;
  const state = model.file.decls.find((decl) => decl.kind === 'state' && decl.fields.includes(field));
  const max = field.type.kind === 'list-type' ? model.constants.get(field.type.max) : undefined;
  if (
    state?.kind !== 'state' ||
    state.scope?.text !== 'cpu' ||
    typeof max !== 'bigint' ||
    max > DISPATCH_ROOM
  )
    return [];
  const text = `for t in this_cpu().${name} max ${max} { scx_bpf_dsq_insert(t, GLOBAL, SCX_SLICE_DFL, 0) }\n    this_cpu().${name}.clear()`;
  return [{ title: `Dispatch what is in ${name}`, edits: inOp(model, 'dispatch', text) }];
}

/** The list or field into which a task is put. */
function keptIn(node: Part, model: Model): Expr | undefined {
  if (node.kind === 'assign') {
    const type = model.types.get(node.value);
    const is = type?.kind === 'optional' ? type.inner.kind : type?.kind;
    return KEPT.has(is ?? '') ? node.target : undefined;
  }
  const resolved = node.kind === 'call' ? model.calls.get(node) : undefined;
  if (resolved?.callee.kind !== 'builtin' || resolved.callee.builtin.name !== 'push') return undefined;
  return resolved.receiver;
}

function fieldOf(node: Part, model: Model): Field | undefined {
  const name = node.kind === 'name' ? node.name : node.kind === 'member' ? node.member : undefined;
  const symbol = name && model.names.get(name);
  return symbol?.kind === 'state-field' ? symbol.decl : undefined;
}
