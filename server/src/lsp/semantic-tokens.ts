import type { SemanticTokens } from 'vscode-languageserver';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { declaration, occurrences, type Occurrence } from './occurrences.ts';

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
export function semanticTokens(snapshot: Snapshot, within?: Span): SemanticTokens {
  const data: number[] = [];
  let line = 0;
  let character = 0;
  for (const occurrence of occurrences(snapshot.model)) {
    const { span } = occurrence.ident;
    if (within && (span.end < within.start || span.start > within.end)) continue;
    const at = snapshot.lines.positionAt(span.start);
    const ahead = at.line === line ? at.character - character : at.character;
    const [type, ...modifiers] = classify(occurrence);
    data.push(at.line - line, ahead, span.end - span.start, TYPES.indexOf(type), bits(modifiers));
    ({ line, character } = at);
  }
  return { data };
}

const bits = (modifiers: readonly Modifier[]): number =>
  modifiers.reduce((sum, modifier) => sum | (1 << MODIFIERS.indexOf(modifier)), 0);

function classify({ ident, symbol }: Occurrence): readonly [TokenType, ...Modifier[]] {
  const [type, ...modifiers] = meaning(symbol);
  return declaration(symbol) === ident ? [type, 'declaration', ...modifiers] : [type, ...modifiers];
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
