import { TextDocuments, type Connection, type InitializeParams } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { VERSION } from '../version.ts';
import { CONFIG_NAME } from '../workspace/settings.ts';
import { capabilities, wishes } from './capabilities.ts';
import { Configuration } from './configuration.ts';
import { Documents } from './documents.ts';
import { registerFeatures } from './features.ts';
import { guarded, report } from './guard.ts';
import type { Host } from './host.ts';
import { registerOwnRequests } from './own-requests.ts';
import { OPENING, START_TIMES, TIMINGS, type OpeningParams } from './protocol.ts';
import { SimulationHints } from './simulation-hints.ts';
import { StartNotes } from './start-times.ts';
import { Timings } from './timings.ts';
import { warmUp } from './warm-up.ts';
import { followClient, registerWorkspaceFeatures } from './workspace-features.ts';
import { WorkspaceFiles } from './workspace-files.ts';

/** Serves one client over `connection` until it goes away. */
export function serve(connection: Connection, host: Host): void {
  const timings = new Timings();
  const started = new StartNotes();
  const guard = guarded(connection, timings);
  let client: InitializeParams | undefined;
  const push = (): boolean => wishes(client).diagnostics !== 'pull';
  const configuration = new Configuration(connection, host, push);
  const documents = new Documents({
    connection,
    settingsOf: (uri) => configuration.settingsOf(uri),
    docs: host.docs,
    timings,
    started,
    push,
  });

  const files = new WorkspaceFiles(host, documents, configuration);

  connection.onNotification(OPENING, ({ settings, policies }: OpeningParams) => {
    configuration.setClient(settings);
    documents.expect(policies);
  });
  connection.onInitialize((params) => {
    client = params;
    started.note('asked');
    warmUp(() => documents.isIdle);
    configuration.setClient(wishes(params).settings);
    return { serverInfo: { name: 'pvpolicy', version: VERSION }, capabilities: capabilities(params) };
  });
  connection.onInitialized(() => {
    configuration.publish();
    if (client) followClient(connection, client, files);
    if (asks()) void settingsChanged(undefined);
  });

  const refresh = (): void => {
    configuration.invalidate();
    files.invalidate();
    recheck();
  };
  /** Holds every open policy against the settings that there are now. */
  const recheck = (): void => {
    documents.refresh();
    if (!push() && client?.capabilities.workspace?.diagnostics?.refreshSupport)
      void connection.languages.diagnostics.refresh();
  };
  /** Is the client asked for its settings? Else what it sends counts. */
  const asks = (): boolean => client?.capabilities.workspace?.configuration === true;
  const settingsChanged = async (pushed: unknown): Promise<void> => {
    try {
      const section: unknown = asks() ? await connection.workspace.getConfiguration('pvpolicy') : pushed;
      if (configuration.setClient(section)) refresh();
    } catch (error) {
      report(connection, 'reading the settings', error);
    }
  };
  connection.onDidChangeConfiguration(({ settings }) => settingsChanged(settings?.pvpolicy));
  connection.onDidChangeWatchedFiles(({ changes }) => {
    files.invalidate();
    if (changes.some(({ uri }) => isConfig(uri))) refresh();
  });

  followTexts(connection, documents, configuration, recheck);

  const simulated = new SimulationHints();
  documents.onClose((uri) => simulated.forget(uri));
  registerFeatures(connection, documents, guard, host, configuration, simulated);
  registerWorkspaceFeatures(connection, files, guard, host);
  registerOwnRequests(connection, documents, guard, host, configuration, {
    hints: simulated,
    refreshes: () => client?.capabilities.workspace?.inlayHint?.refreshSupport === true,
  });
  connection.onRequest(START_TIMES, () => started.times);
  connection.onRequest(TIMINGS, () => timings.summary());
  connection.listen();
  started.note('loaded');
}

/** Takes in what the client opens, edits and closes; `recheck` is called where other policies are affected. */
function followTexts(
  connection: Connection,
  documents: Documents,
  configuration: Configuration,
  recheck: () => void,
): void {
  const texts = new TextDocuments(TextDocument);
  texts.onDidChangeContent(({ document }) => {
    try {
      if (isConfig(document.uri)) {
        configuration.edit(document.uri, document.getText());
        recheck();
      } else documents.update(document);
    } catch (error) {
      report(connection, `reading ${document.uri}, version ${document.version}`, error);
    }
  });
  texts.onDidClose(({ document: { uri } }) => {
    if (isConfig(uri)) {
      configuration.edit(uri, undefined);
      recheck();
    } else documents.close(uri);
  });
  texts.listen(connection);
}

const isConfig = (uri: string): boolean => uri.endsWith(`/${CONFIG_NAME}`);
