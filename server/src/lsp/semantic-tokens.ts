import type { SemanticTokens } from 'vscode-languageserver';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { declaration, occurrences } from './occurrences.ts';

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

/** What each name means, for colours; of the whole text, or of the names that touch `within`. */
export function semanticTokens({ model, lines }: Snapshot, within?: Span): SemanticTokens {
  const data: number[] = [];
  const known = new Map<Symbol, Meaning>();
  let line = 0;
  let before = 0;
  for (const { ident, symbol } of occurrences(model)) {
    const { span } = ident;
    if (within && (span.end < within.start || span.start > within.end)) continue;
    const meant = known.get(symbol) ?? encoded(symbol);
    known.set(symbol, meant);
    let ahead = 0;
    // Names come in the order of the text: the next one is on this line or shortly below.
    while (span.start >= lines.lineStart(line + ahead + 1) && line + ahead + 1 < lines.lineCount) ahead++;
    if (ahead > 0) before = lines.lineStart((line += ahead));
    const modifiers = declaration(symbol) === ident ? meant.modifiers | DECLARATION : meant.modifiers;
    data.push(ahead, span.start - before, span.end - span.start, meant.type, modifiers);
    before = span.start;
  }
  return { data };
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
