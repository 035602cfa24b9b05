import type { Hover, Position } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import type { Symbol } from '../semantics/model.ts';
import { toOffset, toRange } from './convert.ts';
import { describeCallee, describeHook } from './describe-kernel.ts';
import { describeSymbol, type Description } from './describe.ts';
import { occurrenceAt } from './occurrences.ts';

/** What the name at `position` means. */
export function hover(snapshot: Snapshot, position: Position): Hover | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  const description = found && describe(snapshot, found.symbol);
  if (!description) return undefined;
  const { code, doc } = description;
  const value = `\`\`\`pvpolicy\n${code}\n\`\`\`${doc === undefined ? '' : `\n\n${doc}`}`;
  return { contents: { kind: 'markdown', value }, range: toRange(snapshot, found.ident.span) };
}

function describe(snapshot: Snapshot, symbol: Symbol): Description | undefined {
  switch (symbol.kind) {
    case 'callable':
      return describeCallee(snapshot, symbol.callee);
    case 'hook':
      return describeHook(snapshot, symbol.hook);
    default:
      return describeSymbol(snapshot, symbol);
  }
}
