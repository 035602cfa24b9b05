import type { AssignStmt, Block, Decl, Expr, StateDecl } from '../../../grammar/ast.ts';
import type { AnyNode } from '../../../grammar/walk.ts';
import type { TextEdit } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { U64, type Type } from '../semantics/types.ts';
import { fieldIn, typeAround, written, type Missing, type Offered } from './missing-name.ts';
import { startWithComments } from './stretches.ts';

/** For a plain name that is read: a param, a constant, a local or a global field of the type that its place asks for. */
export function declareRead(snapshot: Snapshot, missing: Missing, expr: Expr): readonly Offered[] {
  const asked = typeAround(snapshot, expr, missing.path);
  const around = asked === undefined || asked.kind === 'error' ? U64 : asked;
  const type = written(around);
  if (type === undefined) return [];
  const { ident, path, user } = missing;
  const { decls } = snapshot.file;
  const name = ident.text;
  const fixed = isFixed(path);
  const sample = sampleOf(snapshot, around);
  const lastParam = decls.findLast(({ kind }) => kind === 'param');
  const lastConst = decls.findLast(({ kind }) => kind === 'const') ?? lastParam;
  const declared = (title: string, last: Decl | undefined, head: string): Offered =>
    inFront(snapshot, `Declare the ${title} '${name}'`, last, user, `${head} ${name}: ${type} = ${sample}`);
  return [
    ...(sample === undefined || fixed ? [] : [declared('param', lastParam, 'param')]),
    ...(sample === undefined ? [] : [declared('constant', lastConst, 'const')]),
    ...(sample === undefined || fixed ? [] : local(snapshot, missing, `let ${name}: ${type} = ${sample}`)),
    ...(fixed ? [] : globalField(snapshot, missing, type)),
  ];
}

/** For a plain name that is assigned to: a local, which begins there, or a global field. */
export function declareAssigned(
  snapshot: Snapshot,
  missing: Missing,
  { op, value }: AssignStmt,
): readonly Offered[] {
  const type = written(snapshot.model.types.get(value));
  const { start } = missing.ident.span;
  const begins: Offered = {
    title: `Declare the local '${missing.ident.text}'`,
    edit: { span: { start, end: start }, newText: 'var ' },
  };
  return type === undefined ? [] : [...(op === '=' ? [begins] : []), ...globalField(snapshot, missing, type)];
}

/** A value to begin with, as it is written; undefined for types that have no constants. */
function sampleOf({ file }: Snapshot, type: Type): string | undefined {
  switch (type.kind) {
    case 'bool':
      return 'false';
    // Not 0, by which nothing can be divided.
    case 'int':
    case 'rt_prio':
      return '1';
    case 'nice':
      return '0';
    case 'weight':
      return '100';
    case 'duration':
      return '1ms';
    case 'ratio':
      return '50%';
    case 'enum': {
      const decl = file.decls.find((one) => one.kind === 'enum' && one.name.text === type.name);
      const member = decl?.kind === 'enum' ? decl.members[0]?.name.text : undefined;
      return member && `${type.name}.${member}`;
    }
    case 'sched_class':
      return 'NORMAL';
    default:
      return undefined;
  }
}

/** Has it to be known when the policy is compiled? In declarations, in patterns, and as a bound of a loop. */
function isFixed(path: readonly AnyNode[]): boolean {
  const inside = path.findLastIndex(({ kind }) => kind === 'block' || kind === 'invariant');
  const [outer, next] = [path[inside], path[inside + 1]];
  if (outer === undefined) return path.every(({ kind }) => kind !== 'scenario');
  const arm = path.findLastIndex(({ kind }) => kind === 'match-arm');
  if (arm > inside) return true;
  return next?.kind === 'for' && path[inside + 2] === next.max;
}

/** Behind `last`; where there is none, in front of all that runs: behind the header, or in front of the first declaration. */
function inFront(
  { file, text }: Snapshot,
  title: string,
  last: Decl | undefined,
  user: Decl,
  made: string,
): Offered {
  const kind = made.slice(0, made.indexOf(' '));
  const at = last?.span.end ?? file.header?.span.end ?? startWithComments(text, user.span.start);
  const newText =
    last !== undefined
      ? `${last.kind === kind ? '\n' : '\n\n'}${made}`
      : file.header
        ? `\n\n${made}`
        : `${made}\n\n`;
  return { title, edit: { span: { start: at, end: at }, newText } };
}

/** In front of the statement that uses it. */
function local({ text }: Snapshot, { ident, path }: Missing, made: string): readonly Offered[] {
  const block = path.findLastIndex((node, i) => node.kind === 'block' && !isBare(node, path[i + 1]));
  const at = block < 0 ? undefined : path[block + 1]?.span.start;
  if (at === undefined) return [];
  const indent = /(?:^|\n)([ \t]*)$/u.exec(text.slice(0, at))?.[1];
  const newText = indent === undefined ? `${made}; ` : `${made}\n${indent}`;
  return [{ title: `Declare the local '${ident.text}'`, edit: { span: { start: at, end: at }, newText } }];
}

/** An arm without braces has no room for another statement. */
const isBare = ({ span }: Block, stmt: AnyNode | undefined): boolean => span.start === stmt?.span.start;

function globalField(snapshot: Snapshot, { ident, user }: Missing, type: string): readonly Offered[] {
  if (user.kind === 'scenario' || type === 'dsq') return [];
  const state = snapshot.file.decls.find(
    (decl): decl is StateDecl => decl.kind === 'state' && decl.scope === undefined,
  );
  const made = `${ident.text}: ${type}`;
  const start = startWithComments(snapshot.text, user.span.start);
  const edit: TextEdit = state
    ? fieldIn(snapshot, state, made)
    : { span: { start, end: start }, newText: `state {\n    ${made}\n}\n\n` };
  return [{ title: `Declare '${ident.text}' in 'state'`, edit }];
}
