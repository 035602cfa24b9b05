import type { DocumentSymbol, SymbolInformation } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import { symbols } from './symbols.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** More help nobody; clients ask again as the query grows. */
const MOST = 500;

/** The declarations of all policies whose names have the letters of `query`, in their order. */
export function* workspaceSymbols(
  files: WorkspaceFiles,
  query: string,
): InParts<readonly SymbolInformation[]> {
  const found: SymbolInformation[] = [];
  for (const policy of files.policies()) {
    yield;
    if (policy === undefined) continue;
    const { uri, snapshot } = policy;
    const add = (symbol: DocumentSymbol, containerName: string): void => {
      const { name, kind, selectionRange: range, children = [] } = symbol;
      if (found.length < MOST && matches(name, query))
        found.push({ name, kind, location: { uri, range }, containerName });
      for (const child of children) add(child, name);
    };
    const name = snapshot.file.header?.name.text ?? '';
    for (const symbol of symbols(snapshot)) add(symbol, name);
    if (found.length >= MOST) break;
  }
  return found;
}

function matches(name: string, query: string): boolean {
  let at = 0;
  const letters = name.toLowerCase();
  for (const letter of query.toLowerCase()) {
    at = letters.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
