import { CodeActionKind, type CodeAction } from 'vscode-languageserver';
import type { CallExpr, Decl, Ident, StateDecl } from '../../../grammar/ast.ts';
import { pathTo } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Type } from '../semantics/types.ts';
import { toEdit } from './convert.ts';
import { declareAssigned, declareRead } from './declare-value.ts';
import { fieldIn, typeAround, written, type Missing, type Offered } from './missing-name.ts';
import { startWithComments } from './stretches.ts';

/** At names that nothing declares: declares what each is used as: a function, a value, a field, a counter or a histogram. */
export function declareName(snapshot: Snapshot, uri: string, { start, end }: Span): readonly CodeAction[] {
  const { diagnostics, file } = snapshot;
  return diagnostics.flatMap(({ code, span }) => {
    if (span.start > end || start > span.end) return [];
    const path = pathTo(file, span.start);
    const ident = path.findLast((node): node is Ident => node.kind === 'ident');
    const user = file.decls.find((decl) => decl.span.start <= span.start && span.end <= decl.span.end);
    if (ident === undefined || user === undefined || user.kind === 'guest') return [];
    return offersFor(snapshot, code, { ident, path, user }).map(({ title, edit }) => ({
      title,
      kind: CodeActionKind.QuickFix,
      edit: { changes: { [uri]: [toEdit(snapshot, edit)] } },
    }));
  });
}

function offersFor(snapshot: Snapshot, code: string, missing: Missing): readonly Offered[] {
  switch (code) {
    case 'PV2001':
      return value(snapshot, missing);
    case 'PV2005':
      return listed(fn(snapshot, missing));
    case 'PV2006':
      return listed(field(snapshot, missing));
    default:
      return [];
  }
}

const listed = (offer: Offered | undefined): readonly Offered[] => (offer ? [offer] : []);

/** A name that stands for a value: what it is used as. */
function value(snapshot: Snapshot, missing: Missing): readonly Offered[] {
  const { ident, path } = missing;
  const measured = listed(measure(snapshot, missing));
  const at = path.findLastIndex((node) => node.kind === 'name' && node.name === ident);
  const [name, parent] = [path[at], path[at - 1]];
  if (name?.kind !== 'name') return measured;
  switch (parent?.kind) {
    case 'index':
    case 'member':
      if (parent.object === name) return measured;
      break;
    case 'assign':
      if (parent.target === name) return [...measured, ...declareAssigned(snapshot, missing, parent)];
      break;
    default:
  }
  return [...measured, ...declareRead(snapshot, missing, name)];
}

/** `name += 1`, `name[v.vm] += 1`, `name[v.vm].record(d)` */
function measure(snapshot: Snapshot, { ident, path, user }: Missing): Offered | undefined {
  const { types } = snapshot.model;
  const at = path.findLastIndex((node) => node.kind === 'name' && node.name === ident);
  const index = path[at - 1];
  const indexed = index?.kind === 'index' && index.object === path[at];
  const whole = path[indexed ? at - 1 : at];
  const scope = indexed ? scopeOf(types.get(index.index)) : undefined;
  if (indexed && scope === undefined) return undefined;
  const per = scope === undefined ? '' : ` per ${scope}`;
  const parent = path[indexed ? at - 2 : at - 1];
  if (parent?.kind === 'assign' && parent.target === whole && parent.op === '+=')
    return beside(snapshot, user, 'counter', ident.text, `counter ${ident.text}${per}`);
  const call = path.findLast((node) => node.kind === 'call');
  const records = parent?.kind === 'member' && parent.member.text === 'record' && call?.callee === parent;
  const value = records ? call.args[0]?.value : undefined;
  const type = value && written(types.get(value));
  return type === undefined
    ? undefined
    : beside(snapshot, user, 'histogram', ident.text, `histogram ${ident.text}: ${type}${per}`);
}

/** A declaration behind the last one of its kind; where there is none, in front of where it is used. */
function beside(
  { file, text }: Snapshot,
  user: Decl,
  kind: 'counter' | 'histogram',
  name: string,
  made: string,
): Offered {
  const last = file.decls.findLast((decl) => decl.kind === kind)?.span.end;
  const at = last ?? startWithComments(text, user.span.start);
  const newText = last === undefined ? `${made}\n\n` : `\n${made}`;
  return { title: `Declare the ${kind} '${name}'`, edit: { span: { start: at, end: at }, newText } };
}

function fn(snapshot: Snapshot, { ident, path, user }: Missing): Offered | undefined {
  const call = path.findLast(
    (node): node is CallExpr =>
      node.kind === 'call' && node.callee.kind === 'name' && node.callee.name === ident,
  );
  const params = call && paramsOf(snapshot, call);
  if (call === undefined || params === undefined) return undefined;
  const isStatement = path[path.indexOf(call) - 1]?.kind === 'expr-stmt';
  const result = isStatement ? '' : ` -> ${written(typeAround(snapshot, call, path)) ?? 'u64'}`;
  const start = startWithComments(snapshot.text, user.span.start);
  const newText = `fn ${ident.text}(${params.join(', ')})${result} {\n}\n\n`;
  return { title: `Declare the function '${ident.text}'`, edit: { span: { start, end: start }, newText } };
}

/** A parameter for each argument; undefined where one has no type that can be written. */
function paramsOf({ model, text }: Snapshot, call: CallExpr): readonly string[] | undefined {
  const names = new Set<string>();
  const params: string[] = [];
  for (const [index, { label, value }] of call.args.entries()) {
    const type = written(model.types.get(value));
    if (type === undefined) return undefined;
    const said = label?.text ?? text.slice(value.span.start, value.span.end).split('.').at(-1) ?? '';
    const name = /^[a-z_]\w*$/u.test(said) && !names.has(said) ? said : `p${index + 1}`;
    names.add(name);
    params.push(`${name}: ${type}`);
  }
  return params;
}

function field(snapshot: Snapshot, { ident, path, user }: Missing): Offered | undefined {
  const member = path.findLast((node) => node.kind === 'member');
  if (member?.member !== ident) return undefined;
  const scope = scopeOf(snapshot.model.types.get(member.object));
  if (scope === undefined) return undefined;
  const made = `${ident.text}: ${written(typeAround(snapshot, member, path)) ?? 'u64'}`;
  const state = snapshot.file.decls.find(
    (decl): decl is StateDecl => decl.kind === 'state' && decl.scope?.text === scope,
  );
  const start = startWithComments(snapshot.text, user.span.start);
  const edit = state
    ? fieldIn(snapshot, state, made)
    : { span: { start, end: start }, newText: `state ${scope} {\n    ${made}\n}\n\n` };
  return { title: `Declare '${ident.text}' in 'state ${scope}'`, edit };
}

/** What state, counters and histograms can be kept of. */
function scopeOf(type: Type | undefined): string | undefined {
  switch (type?.kind) {
    case 'vcpu':
    case 'vm':
    case 'task':
    case 'cpu':
      return type.kind;
    default:
      return undefined;
  }
}
