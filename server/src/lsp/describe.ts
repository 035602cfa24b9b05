import type { Expr } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Symbol } from '../semantics/model.ts';
import { showValue } from '../semantics/show-value.ts';
import { show } from '../semantics/types.ts';

/** What a name means, as Markdown for a hover: how it is declared, what it is, and its doc comment. */
export interface Description {
  /** A line or two in the policy's own language. */
  readonly code: string;
  readonly doc: string | undefined;
}

/** What is known of `symbol`; undefined for calls and hooks, which the kernel's cards tell. */
export function describeSymbol(snapshot: Snapshot, symbol: Symbol): Description | undefined {
  switch (symbol.kind) {
    case 'const':
    case 'param': {
      const code = source(snapshot, symbol.decl.span, symbol.decl.name.span);
      const value = snapshot.model.constants.get(symbol.decl.value);
      const known = isWritten(symbol.decl.value) || value === undefined ? '' : showValue(value, symbol.type);
      return { code: known === '' ? code : `${code} // ${known}`, doc: symbol.decl.doc };
    }
    case 'table':
    case 'counter':
    case 'histogram':
    case 'dsq':
      return { code: source(snapshot, symbol.decl.span, symbol.decl.name.span), doc: symbol.decl.doc };
    case 'enum':
    case 'invariant':
      return {
        code: shortened(source(snapshot, symbol.decl.span, symbol.decl.name.span)),
        doc: symbol.decl.doc,
      };
    case 'scenario':
      return { code: `${symbol.kind} ${symbol.decl.name.text}`, doc: symbol.decl.doc };
    case 'enum-member': {
      const { decl } = symbol;
      return { code: `${symbol.enum.name.text}: ${decl.name.text} = ${symbol.value}`, doc: decl.doc };
    }
    case 'shared-field': {
      const code = `shared ${symbol.shared.direction.text}: ${symbol.decl.name.text}: ${show(symbol.type)}`;
      return { code, doc: joined(symbol.decl.doc, trust(symbol.shared.direction.text)) };
    }
    case 'state-field': {
      const { scope, decl, type } = symbol;
      const owner = scope === 'global' ? 'state' : `state ${scope}`;
      return { code: `${owner}: ${decl.name.text}: ${show(type)}`, doc: decl.doc };
    }
    case 'fn': {
      const { decl } = symbol;
      return {
        code: source(snapshot, { ...decl.span, end: decl.body.span.start }, decl.name.span),
        doc: decl.doc,
      };
    }
    case 'local':
      return {
        code: `${symbol.mutable ? 'var' : 'let'} ${symbol.decl.text}: ${show(symbol.type)}`,
        doc: undefined,
      };
    case 'scenario-vm':
      return { code: source(snapshot, symbol.decl.span, symbol.decl.name.span), doc: undefined };
    case 'builtin-name':
    case 'builtin-member':
      // A target has no value.
      if (symbol.type.kind === 'void') return { code: symbol.name, doc: symbol.doc };
      return { code: `${symbol.name}: ${show(symbol.type)}`, doc: symbol.doc };
    case 'builtin-type':
      return { code: `type ${symbol.name}`, doc: symbol.doc };
    case 'kernel-field': {
      const { struct, field } = symbol;
      const access = field.writable ? 'A policy may write it.' : 'Read-only.';
      return { code: `${struct}.${field.name}: ${show(field.type)}`, doc: joined(field.doc, access) };
    }
    case 'kernel-constant': {
      const { name, type, value, doc } = symbol.constant;
      const shown = value === undefined ? '' : ` = 0x${value.toString(16)}`;
      return { code: `${name}: ${show(type)}${shown}`, doc };
    }
    case 'policy':
      return { code: source(snapshot, symbol.decl.span, symbol.decl.name.span), doc: symbol.decl.doc };
    case 'callable':
    case 'hook':
      return undefined;
  }
}

/** The declaration as it is written, from its keyword on: the doc comment in front is shown apart. */
function source({ text, lines }: Snapshot, span: Span, name: Span): string {
  const start = Math.max(span.start, lines.lineStart(lines.lineAt(name.start)));
  return text.slice(start, span.end).trim();
}

/** Does it say its value itself? */
const isWritten = ({ kind }: Expr): boolean =>
  kind === 'int' || kind === 'duration' || kind === 'ratio' || kind === 'bool' || kind === 'string';

/** Lines of a hover's code; the rest is a definition away. */
const MOST_LINES = 12;

function shortened(code: string): string {
  const lines = code.split('\n');
  return lines.length <= MOST_LINES ? code : [...lines.slice(0, MOST_LINES - 1), '    …', '}'].join('\n');
}

const trust = (direction: string): string =>
  direction === 'hint'
    ? 'Written by the guest, so not to be trusted: it may choose between what the policy bounds, no more.'
    : 'Written by the host, read by the guest.';

const joined = (...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter((part) => part !== undefined && part !== '').join('\n\n') || undefined;
