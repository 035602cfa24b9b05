import { PolicyParser } from '../../grammar/parser.ts';
import * as T from '../../grammar/tokens.ts';

type Production = ReturnType<PolicyParser['getGAstProductions']>[string]['definition'][number];
type TokenType = typeof T.Ident;

const NAMED: ReadonlyMap<TokenType, string> = new Map([
  [T.Ident, 'NAME'],
  [T.Word, 'WORD'],
  [T.Literal, 'LITERAL'],
  [T.BinaryOp, 'OPERATOR'],
  [T.AssignOp, 'ASSIGNMENT'],
  [T.Sep, 'END'],
  [T.StringLiteral, 'TEXT'],
  [T.LogText, 'TEXT{'],
  [T.LogEnd, '}TEXT'],
  [T.Version, 'VERSION'],
  [T.Decimal, 'DECIMAL'],
  [T.Int, 'INTEGER'],
]);

const terminal = (type: TokenType): string =>
  NAMED.get(type) ?? (type === T.UnaryOp ? "('-' | '!' | '~')" : `'${T.textOf(type)}'`);

/** A sequence as EBNF. */
const sequence = (parts: readonly Production[]): string => parts.map(production).join(' ');

function production(part: Production): string {
  const inner = part as Production & {
    readonly definition?: readonly Production[];
    readonly nonTerminalName?: string;
    readonly terminalType?: TokenType;
  };
  switch (part.constructor.name) {
    case 'NonTerminal':
      return inner.nonTerminalName ?? '';
    case 'Terminal':
      return terminal(inner.terminalType ?? T.Ident);
    case 'Option':
      return `[ ${sequence(inner.definition ?? [])} ]`;
    case 'Repetition':
      return `{ ${sequence(inner.definition ?? [])} }`;
    case 'Alternation':
      return `( ${(inner.definition ?? []).map(production).join(' | ')} )`;
    case 'Alternative':
      return sequence(inner.definition ?? []);
    default:
      throw new Error(`no EBNF for ${part.constructor.name}`);
  }
}

/** The rules of the parser as EBNF, a line each, from the file down. */
export function ebnf(): string {
  const rules = new PolicyParser(false).getGAstProductions();
  const order: string[] = [];
  const add = (name: string): void => {
    if (order.includes(name)) return;
    order.push(name);
    for (const used of names(rules[name]?.definition ?? [])) add(used);
  };
  add('file');
  return order.map((name) => `${name} = ${outer(sequence(rules[name]?.definition ?? []))} .`).join('\n');
}

/** The rules that a sequence uses. */
function names(parts: readonly Production[]): string[] {
  return parts.flatMap((part) => {
    const { definition, nonTerminalName } = part as { definition?: Production[]; nonTerminalName?: string };
    return nonTerminalName === undefined ? names(definition ?? []) : [nonTerminalName];
  });
}

/** A rule without parentheses around the whole of it. */
function outer(text: string): string {
  if (!text.startsWith('( ') || !text.endsWith(' )')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(' && text[i - 1] !== "'") depth++;
    else if (text[i] === ')' && text[i - 1] !== "'" && --depth === 0) return text;
  }
  return text.slice(2, -2);
}
