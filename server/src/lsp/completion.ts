import type { CompletionList, Position } from 'vscode-languageserver';
import type { Expr, MemberExpr, PolicyFile } from '../../../grammar/ast.ts';
import { pathTo, type AnyNode } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import {
  constantItems,
  expressionItems,
  invariantItems,
  patternItems,
  statementItems,
} from './completion-code.ts';
import { declarations, nextAfter, typeItems, type Next } from './completion-declarations.ts';
import { hookItems } from './completion-hooks.ts';
import { keyword, LEAST, snippet, type Item } from './completion-items.ts';
import { memberItems } from './completion-members.ts';
import { scenarioItems } from './completion-scenario.ts';
import { spotAt, type Spot } from './completion-spot.ts';
import { toOffset } from './convert.ts';
import { excerpt } from './excerpt.ts';

/** Characters after which clients ask for completion without a key. */
export const TRIGGERS = ['.', ':'] as const;

/** What can be written at `position`. */
export function completion(snapshot: Snapshot, position: Position): CompletionList {
  const offset = toOffset(snapshot, position);
  const spot = spotAt(snapshot.text, snapshot.file, offset);
  // What is left out is listed from a few letters on: until then clients must ask again.
  const isIncomplete = spot !== undefined && spot.word.length < LEAST;
  return { isIncomplete, items: spot === undefined ? [] : [...items(snapshot, offset, spot)] };
}

function items(snapshot: Snapshot, offset: number, spot: Spot): readonly Item[] {
  const { file, model } = snapshot;
  const { said, heads } = spot;
  if (/(?:^| )\.$/u.test(said)) return membersAt(snapshot, offset, spot);
  const path = around(file, offset, spot);
  const kind = kindOf(heads.at(-1));
  const whole = /^\w*[ \t]*\(/u.test(snapshot.text.slice(offset, offset + 100));
  const hooks = hookItems(model, said, whole, kind === 'guest');
  if (hooks) return hooks;
  if (kind === 'scenario' && said !== 'vm') return scenarioItems(snapshot, path, said);
  const next = nextAfter(kind, said);
  if (next.isName) return [];
  if (next.isType) return typeItems(snapshot, heads.at(-1), said);
  switch (kind) {
    case 'top':
    case 'guest':
      if (said === '') return declarations(snapshot, kind === 'guest');
      return afterHead(snapshot, next).filter(({ label }) => kind === 'top' || !NO_GUEST.has(label));
    case 'fields':
    case 'enum':
      return afterHead(snapshot, next);
    case 'invariant':
      return said === '' ? ALWAYS : invariantItems(snapshot, path, offset);
    case 'match':
      if (!spot.isArm) return patternItems(snapshot, path);
      return inCode(snapshot, path, offset, spot);
    case 'code':
      return /^for \w+$/u.test(said) ? next.items : inCode(snapshot, path, offset, spot);
    case 'scenario':
      return [];
  }
}

/** A guest has tasks and CPUs of its own. */
const NO_GUEST: ReadonlySet<string> = new Set(['vcpu', 'vm']);

/** What goes on with a declaration, a field or a member. */
const afterHead = (snapshot: Snapshot, { isValue, items: words }: Next): readonly Item[] =>
  isValue ? constantItems(snapshot) : words;

/** The nodes around the place; where something is to follow, or a '}' is missing, those around what is in front of it. */
function around(file: PolicyFile, offset: number, { said, heads, behind }: Spot): readonly AnyNode[] {
  const isOpen = said !== '' && (/[^\w)\]"]$/u.test(said) || said.endsWith('return'));
  const path = pathTo(file, isOpen ? behind : offset);
  return path.length < 2 && heads.length > 0 ? pathTo(file, behind) : path;
}

/** What the value in front of the dot has. */
function membersAt(snapshot: Snapshot, offset: number, { word, behind }: Spot): readonly Item[] {
  const known = objectAt(snapshot.file, behind);
  if (known && snapshot.model.types.has(known)) return memberItems(snapshot.model, known);
  // What follows is taken for the member's name, or makes no sense of it.
  const { of, offset: at } = excerpt(snapshot, offset, word === '' ? 'x\n' : '\n');
  const object = objectAt(of.file, at - (offset - behind));
  return object ? memberItems(of.model, object) : [];
}

const objectAt = (file: PolicyFile, dotEnd: number): Expr | undefined =>
  pathTo(file, dotEnd).findLast(
    (node): node is MemberExpr => node.kind === 'member' && node.object.span.end < dotEnd,
  )?.object;

/** What a '{' opens, by what stands in front of it. */
function kindOf(head: string | undefined) {
  if (head === undefined) return 'top';
  const [word = ''] = head.split(' ');
  switch (word) {
    case 'guest':
    case 'enum':
    case 'invariant':
    case 'scenario':
    case 'match':
      return word;
    case 'state':
    case 'shared':
      return 'fields';
    default:
      return 'code';
  }
}

function inCode(snapshot: Snapshot, path: readonly AnyNode[], offset: number, spot: Spot): readonly Item[] {
  const { said, closed, word } = spot;
  if (said !== '') return expressionItems(snapshot, path, offset, said, word);
  const isElse = closed !== undefined && /^(?:else )?if /u.test(closed);
  return [...(isElse ? ELSE : []), ...statementItems(snapshot, path, offset, word)];
}

const ALWAYS: readonly Item[] = [keyword('always', 'and what has to hold')];

const ELSE: readonly Item[] = [
  snippet('else', 'else {\n\t$0\n}', 'otherwise'),
  snippet('else if', 'else if ${1:condition} {\n\t$0\n}', 'otherwise, if'),
];
