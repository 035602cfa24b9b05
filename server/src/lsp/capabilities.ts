import { TextDocumentSyncKind, type InitializeParams, type InitializeResult } from 'vscode-languageserver';
import { ACTION_KINDS } from './code-actions.ts';
import { PATH_TRIGGERS } from './completion-paths.ts';
import { TRIGGERS } from './completion.ts';
import { FORMAT_TRIGGERS } from './format-edits.ts';
import { SERVER_COMMANDS, type InitializationOptions } from './protocol.ts';
import { LEGEND } from './semantic-tokens.ts';

/** The client's wishes; whatever else it sent is ignored. */
export const wishes = (client: InitializeParams | undefined): InitializationOptions => {
  const options: unknown = client?.initializationOptions;
  return typeof options === 'object' && options !== null ? options : {};
};

const [FIRST_TRIGGER, ...MORE_TRIGGERS] = FORMAT_TRIGGERS;

/** What the server offers a client. docs/editors.md has a row for each. */
export function capabilities(client: InitializeParams): InitializeResult['capabilities'] {
  const { lenses, diagnostics } = wishes(client);
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
    hoverProvider: true,
    completionProvider: {
      triggerCharacters: [...TRIGGERS, ...PATH_TRIGGERS],
      completionItem: { labelDetailsSupport: true },
    },
    signatureHelpProvider: { triggerCharacters: ['(', ','] },
    declarationProvider: true,
    definitionProvider: true,
    typeDefinitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    documentSymbolProvider: true,
    workspaceSymbolProvider: true,
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
    documentOnTypeFormattingProvider: {
      firstTriggerCharacter: FIRST_TRIGGER,
      moreTriggerCharacter: MORE_TRIGGERS,
    },
    foldingRangeProvider: true,
    selectionRangeProvider: true,
    linkedEditingRangeProvider: true,
    documentLinkProvider: {},
    inlayHintProvider: true,
    callHierarchyProvider: true,
    renameProvider: { prepareProvider: true },
    codeActionProvider: { codeActionKinds: [...ACTION_KINDS] },
    semanticTokensProvider: { legend: LEGEND, full: { delta: true }, range: true },
    workspace: {
      workspaceFolders: { supported: true, changeNotifications: true },
      fileOperations: { willRename: { filters: [{ scheme: 'file', pattern: { glob: '**/*' } }] } },
    },
    ...(lenses === true
      ? { codeLensProvider: {} }
      : { executeCommandProvider: { commands: Object.values(SERVER_COMMANDS), workDoneProgress: true } }),
    ...(diagnostics === 'pull' && {
      diagnosticProvider: { interFileDependencies: false, workspaceDiagnostics: true },
    }),
  };
}
