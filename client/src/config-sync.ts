import {
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  TextDocumentSyncKind,
  type LanguageClient,
  type StaticFeature,
} from 'vscode-languageclient/node';

const documentSelector = [{ pattern: '**/pvpolicy.json' }];

/**
 * Sends what is typed into a pvpolicy.json, so that it is checked and holds before it is saved. Nothing else is asked of the
 * server about it: VS Code completes and formats JSON itself.
 */
export function syncConfigs(client: LanguageClient): void {
  const feature: StaticFeature = {
    fillClientCapabilities() {},
    // At each start: what was registered ends with the server.
    initialize() {
      const syncKind = TextDocumentSyncKind.Incremental;
      client
        .getFeature(DidOpenTextDocumentNotification.method)
        .register({ id: 'pvpolicy.json opened', registerOptions: { documentSelector } });
      client
        .getFeature(DidChangeTextDocumentNotification.method)
        .register({ id: 'pvpolicy.json changed', registerOptions: { documentSelector, syncKind } });
      client
        .getFeature(DidCloseTextDocumentNotification.method)
        .register({ id: 'pvpolicy.json closed', registerOptions: { documentSelector } });
    },
    getState: () => ({ kind: 'static' }),
    clear() {},
  };
  client.registerFeature(feature);
}
