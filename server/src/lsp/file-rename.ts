import type { FileRename, TextEdit, WorkspaceEdit } from 'vscode-languageserver';
import type { StringExpr } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import { toRange } from './convert.ts';
import type { Host } from './host.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** The edits that keep the paths in scenarios right when traces and policies, or folders of them, get other names. */
export function renamedFiles(
  files: WorkspaceFiles,
  renames: readonly FileRename[],
  host: Host,
): WorkspaceEdit | null {
  const changes: Record<string, TextEdit[]> = {};
  for (const { uri, snapshot } of files.policies()) {
    const to = moved(uri, renames);
    const edits = pathsOf(snapshot).flatMap(({ value, span }) => {
      const target = host.beside(uri, value);
      const now = target && moved(target, renames);
      if (target === undefined || now === undefined || (now === target && to === uri)) return [];
      const written = relative(to, now);
      if (written === undefined || written === value) return [];
      return [{ range: toRange(snapshot, span), newText: JSON.stringify(written) }];
    });
    if (edits.length > 0) changes[uri] = edits;
  }
  return Object.keys(changes).length === 0 ? null : { changes };
}

const pathsOf = ({ file }: Snapshot): readonly StringExpr[] =>
  file.decls.flatMap((decl) =>
    decl.kind === 'scenario'
      ? decl.items.flatMap((item) => {
          if (item.kind === 'trace') return [item.path];
          if (item.kind !== 'compare') return [];
          return item.baselines.flatMap((one) => (one.kind === 'string' ? one : []));
        })
      : [],
  );

/** Where a file is after the renames; a folder takes what is in it along. */
function moved(uri: string, renames: readonly FileRename[]): string {
  for (const { oldUri, newUri } of renames) {
    if (uri === oldUri) return newUri;
    if (uri.startsWith(`${oldUri}/`)) return newUri + uri.slice(oldUri.length);
  }
  return uri;
}

/** The path from the folder of one file to another; undefined on different roots. */
function relative(from: string, to: string): string | undefined {
  const a = from.split('/').slice(0, -1);
  const b = to.split('/');
  let same = 0;
  while (same < a.length && same < b.length - 1 && a[same] === b[same]) same++;
  // 'file:', '' and '' are common to all; a drive letter is not.
  if (same < 3) return undefined;
  const up = a.length - same;
  return decodeURIComponent([...Array<string>(up).fill('..'), ...b.slice(same)].join('/'));
}
