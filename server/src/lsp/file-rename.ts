import type { FileRename, TextEdit, WorkspaceEdit } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import { LineIndex } from '../../../grammar/text.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Snapshot } from '../pipeline.ts';
import { isFile } from '../workspace/config.ts';
import { readJson } from '../workspace/json.ts';
import type { Host } from './host.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/**
 * The edits that keep paths right, in scenarios and as the kernel of a pvpolicy.json, when traces, policies and other files,
 * or folders of them, get other names.
 */
export function* renamedFiles(
  files: WorkspaceFiles,
  renames: readonly FileRename[],
  host: Host,
): InParts<WorkspaceEdit | null> {
  const changes: Record<string, TextEdit[]> = {};
  const note = (uri: string, paths: readonly Path[], lines: LineIndex): void => {
    const to = moved(uri, renames);
    const edits = paths.flatMap(({ value, span }) => {
      const target = host.beside(uri, value);
      const now = target && moved(target, renames);
      if (target === undefined || now === undefined || (now === target && to === uri)) return [];
      const written = relative(to, now);
      if (written === undefined || written === value) return [];
      const range = { start: lines.positionAt(span.start), end: lines.positionAt(span.end) };
      return [{ range, newText: JSON.stringify(written) }];
    });
    if (edits.length > 0) changes[uri] = edits;
  };
  for (const policy of files.policies()) {
    yield;
    if (policy === undefined) continue;
    const { uri, snapshot } = policy;
    note(uri, pathsOf(snapshot), snapshot.lines);
  }
  for (const config of files.configs()) {
    yield;
    if (config) note(config.uri, profileOf(config.text), new LineIndex(config.text));
  }
  return Object.keys(changes).length === 0 ? null : { changes };
}

/** A path in quotes. */
interface Path {
  readonly value: string;
  readonly span: Span;
}

/** The file that a pvpolicy.json names as its kernel. */
function profileOf(text: string): readonly Path[] {
  const json = readJson(text);
  const members = json.ok && json.value.kind === 'object' ? json.value.members : [];
  return members.flatMap(({ key, value }) =>
    key === 'profile' && value.kind === 'string' && isFile(value.value) ? [value] : [],
  );
}

const pathsOf = ({ file }: Snapshot): readonly Path[] =>
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
