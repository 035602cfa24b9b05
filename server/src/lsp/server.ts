import { RequestType, TextDocuments, type Connection, type InitializeParams } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { VERSION } from '../version.ts';
import { CONFIG_NAME } from '../workspace/settings.ts';
import { compile } from './compile.ts';
import { explain } from './explain-log.ts';
import { capabilities, wishes } from './capabilities.ts';
import { Configuration } from './configuration.ts';
import { Documents } from './documents.ts';
import { registerFeatures } from './features.ts';
import { guarded, report } from './guard.ts';
import type { Host } from './host.ts';
import { kernels, matrix } from './matrix.ts';
import { outline } from './outline.ts';
import {
  COMPILE,
  EXPLAIN_LOG,
  KERNELS,
  MATRIX,
  OUTLINE,
  SIMULATE,
  TEMPLATES,
  TIMINGS,
  type CompileParams,
  type CompileResult,
  type ExplainLogParams,
  type ExplainLogResult,
  type MatrixParams,
  type MatrixResult,
  type OutlineParams,
  type PolicyOutline,
  type SimulateParams,
  type SimulateResult,
  type TemplatesResult,
} from './protocol.ts';
import { simulate, simulateCommand } from './simulate.ts';
import { SimulationHints } from './simulation-hints.ts';
import { Timings } from './timings.ts';
import { warmUp } from './warm-up.ts';
import { followClient, registerWorkspaceFeatures } from './workspace-features.ts';
import { WorkspaceFiles } from './workspace-files.ts';

/** Serves one client over `connection` until it goes away. */
export function serve(connection: Connection, host: Host): void {
  const timings = new Timings();
  const guard = guarded(connection, timings);
  const configuration = new Configuration(connection, host);
  let client: InitializeParams | undefined;
  const documents = new Documents({
    connection,
    settingsOf: (uri) => configuration.settingsOf(uri),
    docs: host.docs,
    timings,
    push: () => wishes(client).diagnostics !== 'pull',
  });

  const files = new WorkspaceFiles(host, documents, configuration);

  connection.onInitialize((params) => {
    client = params;
    configuration.setClient(wishes(params).settings);
    warmUp();
    return { serverInfo: { name: 'pvpolicy', version: VERSION }, capabilities: capabilities(params) };
  });
  connection.onInitialized(() => {
    if (client) followClient(connection, client, files);
    if (asks()) void settingsChanged(undefined);
  });

  const refresh = (): void => {
    configuration.invalidate();
    files.invalidate();
    documents.refresh();
    if (wishes(client).diagnostics === 'pull' && client?.capabilities.workspace?.diagnostics?.refreshSupport)
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

  const texts = new TextDocuments(TextDocument);
  texts.onDidChangeContent(({ document }) => {
    try {
      if (isConfig(document.uri)) {
        configuration.edit(document.uri, document.getText());
        documents.refresh();
      } else documents.update(document);
    } catch (error) {
      report(connection, `reading ${document.uri}, version ${document.version}`, error);
    }
  });
  texts.onDidClose(({ document: { uri } }) => {
    if (isConfig(uri)) {
      configuration.edit(uri, undefined);
      documents.refresh();
    } else documents.close(uri);
  });
  texts.listen(connection);

  const simulated = new SimulationHints();
  documents.onClose((uri) => simulated.forget(uri));
  const run = simulate(documents, configuration, connection, host);
  registerFeatures(connection, documents, guard, host, configuration, simulated);
  registerWorkspaceFeatures(connection, files, guard, host);
  connection.onRequest(
    new RequestType<CompileParams, CompileResult, void>(COMPILE),
    guard('compile', compile(documents), bug),
  );
  connection.onRequest(
    new RequestType<SimulateParams, SimulateResult, void>(SIMULATE),
    guard('simulate', run, bug),
  );
  const shown = {
    hints: simulated,
    refreshes: () => client?.capabilities.workspace?.inlayHint?.refreshSupport === true,
  };
  connection.onExecuteCommand(
    guard('executeCommand', simulateCommand(run, documents, connection, shown), bug.message),
  );
  connection.onRequest(
    new RequestType<ExplainLogParams, ExplainLogResult, void>(EXPLAIN_LOG),
    guard('explainLog', explain(documents), []),
  );
  connection.onRequest(
    new RequestType<OutlineParams, PolicyOutline | null, void>(OUTLINE),
    guard('outline', outline(documents, configuration, host), null),
  );
  connection.onRequest(
    new RequestType<MatrixParams, MatrixResult | null, void>(MATRIX),
    guard('matrix', matrix, null),
  );
  connection.onRequest(KERNELS, kernels);
  connection.onRequest(TEMPLATES, (): TemplatesResult => host.templates());
  connection.onRequest(TIMINGS, () => timings.summary());
  connection.listen();
}

const bug = { ok: false, message: 'a bug of pvpolicy; the log says more' } as const;

const isConfig = (uri: string): boolean => uri.endsWith(`/${CONFIG_NAME}`);
