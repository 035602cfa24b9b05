import type { Range, SemanticTokens } from 'vscode-languageserver';
import type { Decl, Header, Ident } from '../../../grammar/ast.ts';
import type { InParts } from '../../../grammar/in-parts.ts';
import { walk } from '../../../grammar/walk.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { declaration } from './occurrences.ts';

const TYPES = [
  'namespace',
  'type',
  'class',
  'enum',
  'enumMember',
  'event',
  'function',
  'method',
  'property',
  'parameter',
  'variable',
] as const;

const MODIFIERS = ['declaration', 'readonly', 'defaultLibrary', 'deprecated'] as const;

type TokenType = (typeof TYPES)[number];
type Modifier = (typeof MODIFIERS)[number];

export const LEGEND = { tokenTypes: [...TYPES], tokenModifiers: [...MODIFIERS] };

/** What each name means, for colours; of the whole text, or of the lines of `within`. */
export function* semanticTokens(snapshot: Snapshot, within?: Range): InParts<SemanticTokens> {
  const { file, lines } = snapshot;
  const items = [...(file.header ? [file.header] : []), ...file.decls];
  const data: number[] = [];
  let line = 0;
  let before = 0;
  for (const item of items.toSorted((a, b) => a.span.start - b.span.start)) {
    const from = lines.lineAt(item.span.start);
    const to = lines.lineAt(item.span.end);
    if (within !== undefined && (to < within.start.line || from > within.end.line)) continue;
    const tokens = tokensOf(snapshot, item, from);
    let at = from;
    let character = 0;
    for (let i = 0; i < tokens.length; i += 5) {
      const ahead = tokens[i] ?? 0;
      at += ahead;
      character = (ahead > 0 || i === 0 ? 0 : character) + (tokens[i + 1] ?? 0);
      if (within !== undefined && (at < within.start.line || at > within.end.line)) continue;
      data.push(at - line, at === line ? character - before : character);
      data.push(tokens[i + 2] ?? 0, tokens[i + 3] ?? 0, tokens[i + 4] ?? 0);
      line = at;
      before = character;
    }
    yield;
  }
  return { data };
}

/** The tokens of a declaration, and for what they hold. */
interface Known {
  readonly body: object | undefined;
  readonly column: number;
  readonly tokens: readonly number[];
}

/** By the family of models: where a declaration is the same object in it, so is what its names mean. */
const families = new WeakMap<object, WeakMap<object, Known>>();

/**
 * Those of one declaration, of which the first counts its lines from the declaration's line `from`. What the checker did
 * not look at again is as it was.
 */
function tokensOf({ lines, model }: Snapshot, item: Header | Decl, from: number): readonly number[] {
  const column = item.span.start - lines.lineStart(from);
  const body = 'body' in item ? item.body : undefined;
  const known = families.get(model.family) ?? new WeakMap<object, Known>();
  families.set(model.family, known);
  const had = known.get(item);
  if (had?.body === body && had?.column === column) return had.tokens;
  const idents: Ident[] = [];
  walk(item, (node) => {
    if (node.kind === 'ident' && node.text !== '') idents.push(node);
  });
  idents.sort((a, b) => a.span.start - b.span.start);
  const tokens: number[] = [];
  let line = from;
  let before = lines.lineStart(from);
  let last: Ident | undefined;
  for (const ident of idents) {
    const symbol = ident === last ? undefined : model.names.get(ident);
    last = ident;
    if (symbol === undefined) continue;
    const { start, end } = ident.span;
    let ahead = 0;
    while (line + ahead + 1 < lines.lineCount && start >= lines.lineStart(line + ahead + 1)) ahead++;
    if (ahead > 0) before = lines.lineStart((line += ahead));
    const { type, modifiers } = meaningOf(symbol);
    tokens.push(ahead, start - before, end - start, type);
    tokens.push(declaration(symbol) === ident ? modifiers | DECLARATION : modifiers);
    before = start;
  }
  known.set(item, { body, column, tokens });
  return tokens;
}

const meanings = new WeakMap<Symbol, Meaning>();

function meaningOf(symbol: Symbol): Meaning {
  const meant = meanings.get(symbol) ?? encoded(symbol);
  meanings.set(symbol, meant);
  return meant;
}

/** A token type and modifiers as numbers of the legend. */
interface Meaning {
  readonly type: number;
  readonly modifiers: number;
}

const DECLARATION = 1 << MODIFIERS.indexOf('declaration');

function encoded(symbol: Symbol): Meaning {
  const [type, ...modifiers] = meaning(symbol);
  return {
    type: TYPES.indexOf(type),
    modifiers: modifiers.reduce((sum, modifier) => sum | (1 << MODIFIERS.indexOf(modifier)), 0),
  };
}

function meaning(symbol: Symbol): readonly [TokenType, ...Modifier[]] {
  switch (symbol.kind) {
    case 'policy':
      return ['namespace'];
    case 'const':
    case 'param':
      return ['variable', 'readonly'];
    case 'enum':
      return ['enum'];
    case 'enum-member':
      return ['enumMember'];
    case 'table':
    case 'counter':
    case 'histogram':
    case 'dsq':
    case 'scenario-vm':
      return ['variable'];
    case 'shared-field':
    case 'state-field':
      return ['property'];
    case 'fn':
    case 'invariant':
      return ['function'];
    case 'scenario':
      return ['class'];
    case 'local': {
      const type = symbol.role === 'hook-param' || symbol.role === 'fn-param' ? 'parameter' : 'variable';
      return symbol.mutable ? [type] : [type, 'readonly'];
    }
    case 'builtin-name':
      return ['variable', 'readonly', 'defaultLibrary'];
    case 'builtin-member':
      return ['property', 'defaultLibrary'];
    case 'kernel-field':
      return symbol.field.writable
        ? ['property', 'defaultLibrary']
        : ['property', 'readonly', 'defaultLibrary'];
    case 'kernel-constant':
      return ['enumMember', 'readonly', 'defaultLibrary'];
    case 'builtin-type':
      return ['type', 'defaultLibrary'];
    case 'hook':
      return ['event', 'defaultLibrary'];
    case 'callable': {
      const { callee } = symbol;
      if (callee.kind === 'builtin' && callee.builtin.receiver) return ['method', 'defaultLibrary'];
      if (callee.kind === 'kernel' && callee.call.renamedTo)
        return ['function', 'defaultLibrary', 'deprecated'];
      return ['function', 'defaultLibrary'];
    }
  }
}
