import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type Connection,
  type InitializeParams,
} from 'vscode-languageserver';
import { CONFIG_NAME } from '../workspace/settings.ts';
import { renamedFiles } from './file-rename.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { workspaceDiagnostics } from './pull-diagnostics.ts';
import type { WorkspaceFiles } from './workspace-files.ts';
import { workspaceSymbols } from './workspace-symbols.ts';

/** Answers what is asked about all policies of the client's folders. */
export function registerWorkspaceFeatures(
  connection: Connection,
  files: WorkspaceFiles,
  guard: Guard,
  host: Host,
): void {
  connection.onWorkspaceSymbol(
    guard('workspaceSymbols', ({ query }) => [...workspaceSymbols(files, query)], []),
  );
  connection.workspace.onWillRenameFiles(
    guard('renameFiles', (params) => renamedFiles(files, params.files, host), null),
  );
  connection.languages.diagnostics.onWorkspace(
    guard(
      'workspaceDiagnostics',
      ({ previousResultIds }, token) => {
        const previous = new Map(previousResultIds.map(({ uri, value }) => [uri, value]));
        return workspaceDiagnostics(files, host.docs, previous, token);
      },
      { items: [] },
    ),
  );
}

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
