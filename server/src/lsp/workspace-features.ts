import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type CancellationToken,
  type Connection,
  type InitializeParams,
  type WorkspaceDiagnosticReport,
} from 'vscode-languageserver';
import { CONFIG_NAME } from '../workspace/settings.ts';
import { renamedFiles } from './file-rename.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { workspaceDiagnostics } from './pull-diagnostics.ts';
import { inTurns } from './turns.ts';
import type { WorkspaceFiles } from './workspace-files.ts';
import { workspaceSymbols } from './workspace-symbols.ts';

/** Answers what is asked about all policies of the client's folders. */
export function registerWorkspaceFeatures(
  connection: Connection,
  files: WorkspaceFiles,
  guard: Guard,
  host: Host,
): void {
  const none: WorkspaceDiagnosticReport = { items: [] };
  connection.onWorkspaceSymbol(
    guard(
      'workspaceSymbols',
      async ({ query }, token) => [...((await inTurns(workspaceSymbols(files, query), wanted(token))) ?? [])],
      [],
    ),
  );
  connection.workspace.onWillRenameFiles(
    guard(
      'renameFiles',
      async (params, token) =>
        (await inTurns(renamedFiles(files, params.files, host), wanted(token))) ?? null,
      null,
    ),
  );
  connection.languages.diagnostics.onWorkspace(
    guard(
      'workspaceDiagnostics',
      async ({ previousResultIds }, token) => {
        const previous = new Map(previousResultIds.map(({ uri, value }) => [uri, value]));
        const work = workspaceDiagnostics(files, host.docs, previous);
        return (await inTurns(work, wanted(token))) ?? none;
      },
      none,
    ),
  );
}

const wanted = (token: CancellationToken) => (): boolean => !token.isCancellationRequested;

/** Asks the client to tell of changed settings and files, and follows its folders. */
export function followClient(connection: Connection, client: InitializeParams, files: WorkspaceFiles): void {
  const { workspace } = client.capabilities;
  const folders = client.workspaceFolders ?? [];
  // Clients that know no folders have a root.
  const root = client.rootUri ?? undefined;
  files.folders = folders.length > 0 ? folders.map(({ uri }) => uri) : root === undefined ? [] : [root];
  if (workspace?.didChangeConfiguration?.dynamicRegistration)
    void connection.client.register(DidChangeConfigurationNotification.type, { section: 'pvpolicy' });
  if (workspace?.didChangeWatchedFiles?.dynamicRegistration)
    void connection.client.register(DidChangeWatchedFilesNotification.type, {
      watchers: [{ globPattern: '**/*.pvpolicy' }, { globPattern: `**/${CONFIG_NAME}` }],
    });
  if (workspace?.workspaceFolders)
    connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      const gone = new Set(removed.map(({ uri }) => uri));
      files.folders = [...files.folders.filter((uri) => !gone.has(uri)), ...added.map(({ uri }) => uri)];
      files.invalidate();
    });
}
