import {
  CodeActionKind,
  DidChangeConfigurationNotification,
  RequestType,
  TextDocuments,
  TextDocumentSyncKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { VERSION } from '../version.ts';
import { CONFIG_NAME } from '../workspace/settings.ts';
import { compile } from './compile.ts';
import { explain } from './explain-log.ts';
import { TRIGGERS } from './completion.ts';
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
  TIMINGS,
  type CompileParams,
  type CompileResult,
  type ExplainLogParams,
  type ExplainLogResult,
  type InitializationOptions,
  type MatrixParams,
  type MatrixResult,
  type OutlineParams,
  type PolicyOutline,
  type SimulateParams,
  type SimulateResult,
} from './protocol.ts';
import { LEGEND } from './semantic-tokens.ts';
import { simulate } from './simulate.ts';
import { Timings } from './timings.ts';

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

  connection.onInitialize((params) => {
    client = params;
    return { serverInfo: { name: 'pvpolicy', version: VERSION }, capabilities: capabilities(params) };
  });
  connection.onInitialized(() => {
    if (client?.capabilities.workspace?.didChangeConfiguration?.dynamicRegistration) {
      void connection.client.register(DidChangeConfigurationNotification.type, { section: 'pvpolicy' });
    }
    void settingsChanged(undefined);
  });

  const settingsChanged = async (pushed: unknown): Promise<void> => {
    try {
      const asks = client?.capabilities.workspace?.configuration === true;
      configuration.setClient(asks ? await connection.workspace.getConfiguration('pvpolicy') : pushed);
      configuration.invalidate();
      documents.refresh();
    } catch (error) {
      report(connection, 'reading the settings', error);
    }
  };
  connection.onDidChangeConfiguration(({ settings }) => settingsChanged(settings?.pvpolicy));
  const configSaved = (uri: string): void => {
    if (!uri.endsWith(`/${CONFIG_NAME}`)) return;
    configuration.invalidate();
    documents.refresh();
  };
  connection.onDidChangeWatchedFiles(({ changes }) => changes.forEach(({ uri }) => configSaved(uri)));

  const texts = new TextDocuments(TextDocument);
  texts.onDidChangeContent(({ document }) => {
    try {
      documents.update(document);
    } catch (error) {
      report(connection, `reading ${document.uri}, version ${document.version}`, error);
    }
  });
  texts.onDidClose(({ document }) => documents.close(document.uri));
  texts.listen(connection);

  registerFeatures(connection, documents, guard, host.docs);
  connection.onRequest(
    new RequestType<CompileParams, CompileResult, void>(COMPILE),
    guard('compile', compile(documents), bug),
  );
  connection.onRequest(
    new RequestType<SimulateParams, SimulateResult, void>(SIMULATE),
    guard('simulate', simulate(documents, configuration, connection, host), bug),
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
  connection.onRequest(TIMINGS, () => timings.summary());
  connection.listen();
}

const bug = { ok: false, message: 'a bug of pvpolicy; the log says more' } as const;

/** The client's wishes; whatever else it sent is ignored. */
const wishes = (client: InitializeParams | undefined): InitializationOptions => {
  const options: unknown = client?.initializationOptions;
  return typeof options === 'object' && options !== null ? options : {};
};

function capabilities(client: InitializeParams): InitializeResult['capabilities'] {
  const { lenses, diagnostics } = wishes(client);
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    hoverProvider: true,
    completionProvider: { triggerCharacters: [...TRIGGERS] },
    signatureHelpProvider: { triggerCharacters: ['(', ','] },
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    documentSymbolProvider: true,
    documentFormattingProvider: true,
    foldingRangeProvider: true,
    renameProvider: { prepareProvider: true },
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
    semanticTokensProvider: { legend: LEGEND, full: true, range: true },
    ...(lenses === true && { codeLensProvider: {} }),
    ...(diagnostics === 'pull' && {
      diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: false },
    }),
  };
}
