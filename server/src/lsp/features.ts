import {
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  type CallHierarchyItem,
  type CompletionList,
  type CompletionParams,
  type Connection,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
  type Location,
  type Position,
  type Range,
  type RenameParams,
  type SemanticTokens,
  type SemanticTokensDelta,
  type SemanticTokensDeltaParams,
  type TextDocumentPositionParams,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import { LineIndex } from '../../../grammar/text.ts';
import type { Snapshot } from '../pipeline.ts';
import { answering, type Answering } from './answering.ts';
import { incomingCalls, outgoingCalls, prepareCallHierarchy } from './call-hierarchy.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses } from './code-lens.ts';
import { completion } from './completion.ts';
import { PATH_TRIGGERS, pathCompletion } from './completion-paths.ts';
import { configCompletion } from './config-completion.ts';
import type { Configuration } from './configuration.ts';
import { definition } from './definition.ts';
import { documentLinks } from './document-links.ts';
import type { Documents } from './documents.ts';
import { folding } from './folding.ts';
import { onTypeFormatting, rangeFormatting } from './format-edits.ts';
import { formatting } from './formatting.ts';
import { modified, type Guard } from './guard.ts';
import { highlights } from './highlight.ts';
import type { Host } from './host.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlay-hints.ts';
import { linkedEditing } from './linked-editing.ts';
import { documentDiagnostics } from './pull-diagnostics.ts';
import { references } from './references.ts';
import { prepareRename, rename, type Refused } from './rename.ts';
import { selectionRanges } from './selection-range.ts';
import { TokenHistory } from './semantic-tokens-delta.ts';
import { semanticTokens } from './semantic-tokens.ts';
import { signatureHelp } from './signature-help.ts';
import type { SimulationHints } from './simulation-hints.ts';
import { symbols } from './symbols.ts';
import { typeDefinition } from './type-definition.ts';

/** Answers the requests of LSP that are about one document: each by a function of its snapshot. */
export function registerFeatures(
  connection: Connection,
  documents: Documents,
  guard: Guard,
  host: Host,
  configuration: Configuration,
  simulated: SimulationHints,
): void {
  const answers = answering(documents, guard);
  explanations(connection, answers, simulated);
  completions(connection, answers, host, configuration);
  structure(connection, answers, host);
  navigation(connection, answers);
  edits(connection, answers);
  semanticTokenFeatures(connection, documents, answers);
  callHierarchyFeatures(connection, documents, answers, guard);
  diagnostics(connection, answers, host, configuration);
}

/** What is told about the place of the cursor, or beside the text. */
function explanations(connection: Connection, { on, onParts }: Answering, simulated: SimulationHints): void {
  connection.onHover(on('hover', (s, p) => hover(s, p.position) ?? null, null));
  connection.onSignatureHelp(on('signatureHelp', (s, p) => signatureHelp(s, p.position) ?? null, null));
  connection.onDocumentHighlight(onParts('highlight', (s, p) => copied(highlights(s, p.position)), []));
  connection.onCodeLens(on('codeLens', (s, p) => [...codeLenses(s, p.textDocument.uri)], [], 'tree'));
  connection.languages.inlayHint.on(
    onParts(
      'inlayHint',
      function* (s, p) {
        const hints = yield* inlayHints(s, p.range);
        return [...hints, ...simulated.hints(p.textDocument.uri, s, p.range)];
      },
      [],
    ),
  );
}

function completions(
  connection: Connection,
  { on }: Answering,
  host: Host,
  configuration: Configuration,
): void {
  const nothing = { isIncomplete: false, items: [] };
  const ofPolicy = on<CompletionParams, CompletionList>(
    'completion',
    (s, p) => {
      const paths = pathCompletion(s, p.position, p.textDocument.uri, host);
      if (paths) return paths;
      const isPath = PATH_TRIGGERS.some((trigger) => trigger === p.context?.triggerCharacter);
      return isPath ? nothing : completion(s, p.position);
    },
    nothing,
  );
  connection.onCompletion((params, token) => {
    const config = configuration.opened(params.textDocument.uri);
    if (config === undefined) return ofPolicy(params, token);
    const offset = new LineIndex(config).offsetAt(params.position);
    return { isIncomplete: false, items: [...configCompletion(config, offset)] };
  });
}

/** What the tree of the text alone tells. */
function structure(connection: Connection, { on, onParts }: Answering, host: Host): void {
  connection.onDocumentSymbol(on('symbols', (s) => [...symbols(s)], [], 'tree'));
  connection.onFoldingRanges(onParts('folding', (s) => copied(folding(s)), [], 'tree'));
  connection.onSelectionRanges(
    on('selectionRange', (s, p) => [...selectionRanges(s, p.positions)], [], 'tree'),
  );
  connection.onDocumentLinks(
    on('documentLink', (s, p) => [...documentLinks(s, p.textDocument.uri, host)], [], 'tree'),
  );
}

function navigation(connection: Connection, { on }: Answering): void {
  const place = (name: string, find: (s: Snapshot, at: Position) => Range | undefined) =>
    on<TextDocumentPositionParams, Location | null>(
      name,
      (s, p) => {
        const range = find(s, p.position);
        return range ? { uri: p.textDocument.uri, range } : null;
      },
      null,
    );
  connection.onDefinition(place('definition', definition));
  connection.onDeclaration(place('declaration', definition));
  connection.onTypeDefinition(place('typeDefinition', typeDefinition));
  connection.onReferences(
    on(
      'references',
      (s, p) => {
        const { uri } = p.textDocument;
        return references(s, p.position, p.context.includeDeclaration).map((range) => ({ uri, range }));
      },
      [],
    ),
  );
}

/** What changes the text. */
function edits(connection: Connection, { on, onParts }: Answering): void {
  connection.onDocumentFormatting(onParts('formatting', (s) => copied(formatting(s)), [], 'tree'));
  connection.onDocumentRangeFormatting(
    onParts('rangeFormatting', (s, p) => copied(rangeFormatting(s, p.range)), [], 'tree'),
  );
  connection.onDocumentOnTypeFormatting(
    onParts('onTypeFormatting', (s, p) => copied(onTypeFormatting(s, p.position, p.ch)), [], 'tree'),
  );
  connection.languages.onLinkedEditingRange(
    on('linkedEditing', (s, p) => linkedEditing(s, p.position) ?? null, null),
  );
  connection.onCodeAction(
    on(
      'codeAction',
      (s, p) => [...codeActions(s, p.textDocument.uri, p.range, p.context)],
      [],
      'diagnostics',
    ),
  );
  connection.onPrepareRename(on('prepareRename', (s, p) => orRefuse(prepareRename(s, p.position)), null));
  connection.onRenameRequest(
    onParts<RenameParams, WorkspaceEdit | null>(
      'rename',
      function* (s, p) {
        const changes = orRefuse(yield* rename(s, p.position, p.newName));
        return changes instanceof ResponseError
          ? changes
          : { changes: { [p.textDocument.uri]: [...changes] } };
      },
      null,
    ),
  );
}

function diagnostics(
  connection: Connection,
  { on }: Answering,
  host: Host,
  configuration: Configuration,
): void {
  const empty: DocumentDiagnosticReport = { kind: DocumentDiagnosticReportKind.Full, items: [] };
  const ofPolicy = on<DocumentDiagnosticParams, DocumentDiagnosticReport>(
    'diagnostic',
    (s, p) => documentDiagnostics(s, p.textDocument.uri, host.docs, p.previousResultId),
    empty,
    'diagnostics',
  );
  connection.languages.diagnostics.on((params, token) => {
    const items = configuration.diagnosticsOf(params.textDocument.uri);
    return items === undefined ? ofPolicy(params, token) : { kind: 'full', items };
  });
}

/** The protocol's types know no arrays that nobody may change. */
function* copied<T>(work: InParts<readonly T[]>): InParts<T[]> {
  return [...(yield* work)];
}

function semanticTokenFeatures(connection: Connection, documents: Documents, { onParts }: Answering): void {
  const { semanticTokens: tokens } = connection.languages;
  const history = new TokenHistory();
  documents.onClose((uri) => history.forget(uri));
  const none: SemanticTokens = { data: [] };
  tokens.on(
    onParts(
      'semanticTokens',
      function* (s, p) {
        return history.full(p.textDocument.uri, yield* semanticTokens(s));
      },
      none,
    ),
  );
  tokens.onDelta(
    onParts<SemanticTokensDeltaParams, SemanticTokens | SemanticTokensDelta>(
      'semanticTokens/delta',
      function* (s, p) {
        return history.delta(p.textDocument.uri, p.previousResultId, yield* semanticTokens(s));
      },
      none,
    ),
  );
  tokens.onRange(onParts('semanticTokens/range', (s, p) => semanticTokens(s, p.range), none));
}

function callHierarchyFeatures(
  connection: Connection,
  documents: Documents,
  { on }: Answering,
  guard: Guard,
): void {
  const { callHierarchy } = connection.languages;
  callHierarchy.onPrepare(
    on('callHierarchy', (s, p) => [...prepareCallHierarchy(s, p.textDocument.uri, p.position)], []),
  );
  const calls = <R>(name: string, answer: (s: Snapshot, item: CallHierarchyItem) => readonly R[]) =>
    guard<{ readonly item: CallHierarchyItem }, R[]>(
      name,
      async ({ item }) => {
        const snapshot = await documents.at(item.uri, 'model');
        if (snapshot === 'modified') return modified();
        return snapshot ? [...answer(snapshot, item)] : [];
      },
      [],
    );
  callHierarchy.onIncomingCalls(calls('incomingCalls', incomingCalls));
  callHierarchy.onOutgoingCalls(calls('outgoingCalls', outgoingCalls));
}

/** What a rename cannot do is told to the user, by the error that LSP has for it. */
function orRefuse<T extends object>(result: T | Refused): T | ResponseError<never> {
  return 'refused' in result ? new ResponseError<never>(LSPErrorCodes.RequestFailed, result.refused) : result;
}
