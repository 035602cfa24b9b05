import {
  CompletionItemKind,
  type CompletionItem,
  type CompletionList,
  type Position,
} from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { toOffset } from './convert.ts';
import type { Host } from './host.ts';

/** Characters after which clients ask for a path. */
export const PATH_TRIGGERS = ['"', '/'] as const;

/** More help nobody. */
const MOST = 200;

/**
 * The files and folders that a path in a scenario can go on with: traces, or policies to compare with. Undefined where no
 * path is being written.
 */
export function pathCompletion(
  snapshot: Snapshot,
  position: Position,
  uri: string,
  host: Host,
): CompletionList | undefined {
  const { text, lines } = snapshot;
  const before = text.slice(lines.lineStart(position.line), toOffset(snapshot, position));
  const [, word, path = ''] = /^\s*(trace|compare)\b(?:[^"]|"[^"]*")*"([^"]*)$/u.exec(before) ?? [];
  if (word === undefined) return undefined;
  const folder = host.beside(uri, path.slice(0, path.lastIndexOf('/') + 1) || '.');
  const typed = path.slice(path.lastIndexOf('/') + 1);
  const range = { start: { ...position, character: position.character - typed.length }, end: position };
  const items = (folder === undefined ? [] : host.entries(folder))
    .filter(({ name, isFolder }) => isFolder || word === 'trace' || name.endsWith('.pvpolicy'))
    .slice(0, MOST)
    .map(({ name, isFolder }): CompletionItem => ({
      label: isFolder ? `${name}/` : name,
      kind: isFolder ? CompletionItemKind.Folder : CompletionItemKind.File,
      textEdit: { range, newText: isFolder ? `${name}/` : name },
    }));
  return { isIncomplete: false, items };
}
